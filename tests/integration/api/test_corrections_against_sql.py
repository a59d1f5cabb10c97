"""Corrections on the damaged clinic: what a practice may set is what one SQL query says."""

from collections.abc import Callable

from tests.integration.api.test_corrections import patch, pet_of
from tests.plugins.api import Api
from tests.plugins.databases import MakeDatabase
from tests.plugins.two_clinics import VET1


def test_every_pair_of_recording_and_pet(
    make_api: Callable[..., Api], database: MakeDatabase
) -> None:
    base = database("with_visits")
    [(practice,)] = base.execute(
        "SELECT practice_id FROM appointments GROUP BY 1 ORDER BY count(*) DESC, 1 LIMIT 1"
    )
    pairs = base.execute(
        """
        SELECT r.id::text, p.id::text, a.practice_id = %(mine)s AS seen,
            EXISTS (SELECT FROM appointment_pets l
                    WHERE l.appointment_id = r.appointment_id AND l.pet_id = p.id)
            AND NOT EXISTS (SELECT FROM visits v WHERE v.id = r.visit_id AND
                            (v.pet_id <> p.id OR v.appointment_id <> r.appointment_id)) AS fits
        FROM (SELECT * FROM recordings ORDER BY md5(id::text) LIMIT 60) r
        JOIN appointments a ON a.id = r.appointment_id
        JOIN LATERAL (
            (SELECT pet_id AS id FROM appointment_pets l
             WHERE l.appointment_id = r.appointment_id LIMIT 2)
            UNION (SELECT id FROM pets ORDER BY md5(id::text || r.id::text) LIMIT 1)) p
        ON EXISTS (SELECT FROM pets WHERE pets.id = p.id)
        """,
        {"mine": practice},
    )
    assert {one[2:] for one in pairs} >= {(True, True), (True, False)}
    api = make_api(database=base)
    headers = {"x-user": VET1, "x-role": "vet", "x-practice": str(practice)}
    for recording, pet, seen, fits in pairs:
        answer = patch(api, pet, recording, **headers)
        expected = (200 if fits else 400) if seen else 404
        assert answer.status_code == expected, (recording, pet, answer.text)
        assert not (seen and fits) or pet_of(api, recording) == pet
