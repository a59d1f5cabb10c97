"""How often a request waits for the database, counted on the wire once its statements are kept."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from petrec.api import StoredObject
from tests.plugins.api import Api
from tests.plugins.databases import Database
from tests.plugins.round_trips import RoundTrips, counted
from tests.plugins.two_clinics import ACTORS, APPT1, INITIATE, PET1

API = "/api/v1/recordings"
# So often the driver sends a statement before it prepares it.
OFTEN = 7
SOUND = {"file_size_bytes": 2048, "duration_seconds": 3.5}


class Behind:
    """A cluster whose connections go through the proxy."""

    def __init__(self, trips: RoundTrips) -> None:
        self.trips = trips

    def dsn(self, *_: str) -> str:
        """Return the proxy's address."""
        return self.trips.dsn


@pytest.fixture
def wired(two_clinics: Database) -> Iterator[tuple[Api, RoundTrips]]:
    with counted(two_clinics.dsn) as trips:
        api = Api(replace(two_clinics, cluster=Behind(trips)))  # type: ignore[arg-type]
        api.client.http.headers.update(ACTORS["staff"])
        yield api, trips
        api.close()


def uploaded(api: Api) -> str:
    made = api.client.post(f"{API}/upload/initiate", json=INITIATE).json()
    api.store.objects[made["s3_key"]] = StoredObject(2048, "audio/mp4", "etag")
    return str(made["recording_id"])


def test_requests_take_as_many_round_trips_as_they_need(wired: tuple[Api, RoundTrips]) -> None:
    """BEGIN with its settings, the statement, COMMIT; a completion reads first, then writes."""
    api, trips = wired
    pages = f"{API}/?pet_id=pet-{PET1}", f"{API}/?appointment_id=appt-{APPT1}"
    made = [uploaded(api) for _ in range(OFTEN)]
    steps = [
        *(("GET", page, None, 3) for page in pages for _ in range(OFTEN)),
        *(("POST", f"{API}/upload/initiate", INITIATE, 3) for _ in range(OFTEN)),
        *(("POST", f"{API}/upload/complete/{each}", SOUND, 8) for each in made),
    ]
    found = {}
    for method, path, body, most in steps:
        trips.asked.clear()
        answer = api.client.request(method, path, **({"json": body} if body else {}))
        assert answer.status_code == 200, answer.text
        # The last of a kind counts: before, statements are prepared.
        found[path.partition("/rec-")[0]] = (len(trips.asked), most)
    assert all(trips == most for trips, most in found.values()), found
    assert len(found) == 4
