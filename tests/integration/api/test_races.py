"""Uploads that race with links which are taken away."""

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import cycle
from typing import Any

import psycopg
import pytest

from tests.integration.api.test_faults import PATH
from tests.plugins.api import Api, Client, admin
from tests.plugins.two_clinics import APPT1, INITIATE, PET1, VET1

pytestmark = pytest.mark.api("two_clinics", headers={"x-user": VET1})


class Meeting:
    """Releases both sides, the unlinker later by up to what a request takes: either may be first.

    A request takes as long as the machine is slow.
    """

    def __init__(self) -> None:
        self.gate = threading.Barrier(2)
        self.shares = cycle(part / 16 for part in range(17))
        self.took_s = 0.0

    def unlinker_starts(self) -> None:
        delay_s = next(self.shares) * self.took_s
        self.gate.wait()
        time.sleep(delay_s)

    @contextmanager
    def request(self) -> Iterator[None]:
        self.gate.wait()
        begun = time.monotonic()
        yield
        self.took_s = time.monotonic() - begun


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
    meeting = Meeting()
    client = Client(api.app, headers=admin() | {"x-user": VET1})
    with ThreadPoolExecutor(1) as other, api.database.connect() as unlinker:
        outcomes = [race(api, client, other, unlinker, meeting, key) for _ in range(pairs)]
    client.close()
    assert {status for status, _ in outcomes} <= {200, 400}
    assert len({status for status, _ in outcomes}) == 2, "both orders were seen"
    orphans = api.database.execute(
        "SELECT count(*) FROM recordings r WHERE NOT EXISTS (SELECT FROM appointment_pets ap"
        " WHERE ap.appointment_id = r.appointment_id AND ap.pet_id = r.pet_id)"
    )
    assert orphans == [(0,)]


def race(
    api: Api,
    client: Client,
    other: Any,
    unlinker: psycopg.Connection[Any],
    meeting: Meeting,
    key: bool,
) -> tuple[int, bool]:
    link = f"appointment_id = '{APPT1}' AND pet_id = '{PET1}'"
    unlinker.execute("DELETE FROM recordings")
    unlinker.execute(
        f"INSERT INTO appointment_pets VALUES ('{APPT1}', '{PET1}') ON CONFLICT DO NOTHING"
    )

    def unlink() -> bool:
        meeting.unlinker_starts()
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
    with meeting.request():
        answer = client.post(PATH, json=INITIATE)
    if answer.status_code == 400:
        assert answer.json()["error_code"] == "pet_not_in_appointment"
    return answer.status_code, unlinked.result()
