"""Uploads that race with links which are taken away."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import psycopg
import pytest

from tests.integration.api.test_faults import PATH
from tests.plugins.api import Api, Client, admin
from tests.plugins.two_clinics import APPT1, INITIATE, PET1, VET1

pytestmark = pytest.mark.api("two_clinics", headers={"x-user": VET1})


@pytest.mark.parametrize("pairs", [60, pytest.param(1000, marks=pytest.mark.full)])
@pytest.mark.parametrize("key", [False, True])
def test_initiate_races_unlink(api: Api, pairs: int, key: bool) -> None:
    """A recording is made while its pet is in the appointment, or not at all.

    Without the composite key the unlinking application locks the link before it looks for
    recordings; with it PostgreSQL refuses to unlink a pet that has any.
    """
    if key:
        api.database.execute(
            "ALTER TABLE recordings ADD FOREIGN KEY (appointment_id, pet_id)"
            " REFERENCES appointment_pets (appointment_id, pet_id)"
        )
    api.database.execute("DELETE FROM recordings")
    gate = threading.Barrier(2)
    client = Client(api.app, headers=admin() | {"x-user": VET1})
    with ThreadPoolExecutor(1) as other, api.database.connect() as unlinker:
        outcomes = [
            race(api, client, other, unlinker, stagger(gate, number), key)
            for number in range(pairs)
        ]
    client.close()
    assert {status for status, _ in outcomes} <= {200, 400}
    assert len({status for status, _ in outcomes}) == 2, "both orders were seen"
    orphans = api.database.execute(
        "SELECT count(*) FROM recordings r WHERE NOT EXISTS (SELECT FROM appointment_pets ap"
        " WHERE ap.appointment_id = r.appointment_id AND ap.pet_id = r.pet_id)"
    )
    assert orphans == [(0,)]


def stagger(gate: threading.Barrier, number: int) -> Callable[..., None]:
    """Release both sides, the unlinker up to 8 ms later, so that either may be first."""

    def wait(first: bool = False) -> None:
        gate.wait()
        if not first:
            time.sleep(number % 17 * 0.0005)

    return wait


def race(
    api: Api, client: Client, other: Any, unlinker: psycopg.Connection[Any], gate: Any, key: bool
) -> tuple[int, bool]:
    link = f"appointment_id = '{APPT1}' AND pet_id = '{PET1}'"
    unlinker.execute("DELETE FROM recordings")
    unlinker.execute(
        f"INSERT INTO appointment_pets VALUES ('{APPT1}', '{PET1}') ON CONFLICT DO NOTHING"
    )

    def unlink() -> bool:
        gate()
        try:
            with unlinker.transaction():
                unlinker.execute(f"SELECT FROM appointment_pets WHERE {link} FOR UPDATE")
                made = unlinker.execute(f"SELECT FROM recordings WHERE {link}").fetchall()
                if key or not made:
                    unlinker.execute(f"DELETE FROM appointment_pets WHERE {link}")
        except psycopg.errors.ForeignKeyViolation:
            return False
        return not made

    unlinked = other.submit(unlink)
    gate(first=True)
    answer = client.post(PATH, json=INITIATE)
    if answer.status_code == 400:
        assert answer.json()["error_code"] == "pet_not_in_appointment"
    return answer.status_code, unlinked.result()
