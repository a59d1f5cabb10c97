"""The list of recordings: what the rules say is served, page by page, to whom it belongs."""

import asyncio
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from petrec.rules.evidence import certain
from petrec.rules.facts import Facts, VisitFacts
from tests.plugins.api import Api, admin
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.limits import Limits

PATH = "/api/v1/recordings/"
# Visits that name the pet of some recordings whose appointment leaves it open.
VISITS = """
WITH open AS (
  SELECT DISTINCT ON (r.id) r.id, r.appointment_id, ap.pet_id, row_number() OVER () AS n
  FROM recordings r JOIN appointment_pets ap USING (appointment_id)
  WHERE r.pet_id IS NULL ORDER BY r.id, ap.pet_id),
made AS (
  INSERT INTO visits (pet_id, appointment_id, visit_date, visit_type, created_by)
  SELECT pet_id, appointment_id, now(), 'checkup', (SELECT min(id::text)::uuid FROM users)
  FROM open WHERE n % 5 = 0 RETURNING id, appointment_id)
UPDATE recordings r SET visit_id = made.id FROM made, open
WHERE open.appointment_id = made.appointment_id AND r.id = open.id
"""


class Oracle:
    """What is to be served, worked out by the rules' Python twins from the plain rows."""

    def __init__(self, database: Database) -> None:
        read = database.execute
        self.pets: dict[Any, Any] = dict(read("SELECT id, owner_id FROM pets"))
        self.practices = dict(read("SELECT id, practice_id FROM appointments"))
        self.users = dict(read("SELECT id, practice_id FROM users"))
        visits = read("SELECT id, pet_id, appointment_id FROM visits")
        self.visits = {v: VisitFacts(pet, at, pet in self.pets) for v, pet, at in visits}
        self.linked: dict[Any, set[Any]] = {}
        for appointment, pet in read("SELECT appointment_id, pet_id FROM appointment_pets"):
            self.linked.setdefault(appointment, set()).add(pet)
        self.rows = read(
            "SELECT id, pet_id, appointment_id, visit_id, recorded_by_user_id, created_at"
            " FROM recordings WHERE status <> 'pending' ORDER BY created_at DESC, id DESC"
        )

    def served(self) -> list[tuple[Any, Any]]:
        """Return the rows that are to be served, each with its pet, in order."""
        found = [(r, r[1] if r[1] in self.pets else self.inferred(r)) for r in self.rows]
        return [(row, pet) for row, pet in found if pet is not None]

    def inferred(self, row: Any) -> Any:
        _, pet, appointment, visit, *_ = row
        linked = frozenset(self.linked.get(appointment, ()))
        facts = Facts(
            pet, appointment, pet in self.pets, appointment in self.practices,
            linked, linked & self.pets.keys(), self.visits.get(visit),
        )  # fmt: skip
        evidence = certain(facts)
        return evidence.pet_id if evidence else None

    def withheld(self) -> int:
        return sum(row[1] is None and self.inferred(row) is None for row in self.rows)

    def practised(self, row: Any, practice: Any) -> bool:
        _, _, appointment, _, user, _ = row
        if appointment is not None:
            return self.practices.get(appointment) == practice
        return self.users.get(user) == practice


def wire(served: list[tuple[Any, Any]]) -> list[tuple[str, str]]:
    return [(f"rec-{row[0]}", f"pet-{pet}") for row, pet in served]


pytestmark = pytest.mark.api("visited")


@pytest.fixture
def visited(database: MakeDatabase) -> Database:
    made = database("with_visits")
    made.execute(VISITS)
    return made


def walk(api: Api, limit: int, query: str = "", **headers: str) -> Iterator[Any]:
    """Yield all pages' answers."""
    cursor = ""
    while True:
        path = f"{PATH}?limit={limit}{query}{cursor}"
        answer = api.client.get(path, headers=headers)
        assert answer.status_code == 200, answer.text
        yield answer
        if "x-next-cursor" not in answer.headers:
            return
        assert len(answer.json()) == limit, "a page is full while rows remain"
        assert f"cursor={answer.headers['x-next-cursor']}" in answer.headers["link"]
        cursor = f"&cursor={answer.headers['x-next-cursor']}"


def walked(api: Api, limit: int, query: str = "", **headers: str) -> list[tuple[str, str]]:
    pages = walk(api, limit, query, **headers)
    return [(one["id"], one["pet_id"]) for page in pages for one in page.json()]


def test_an_admin_is_served_all_recordings_in_order(api: Api) -> None:
    oracle, answers = Oracle(api.database), list(walk(api, 200))
    found = [(one["id"], one["pet_id"]) for page in answers for one in page.json()]
    assert found == wire(oracle.served())
    withheld = sum(int(page.headers["x-petrec-withheld"]) for page in answers)
    assert withheld == oracle.withheld() > 0


def test_links_lead_through_all_pages(api: Api) -> None:
    """By a reference relative to the request, so that a client stays where it asked."""
    pet = api.database.execute(
        "SELECT pet_id FROM recordings JOIN pets ON pets.id = pet_id"
        " GROUP BY pet_id ORDER BY count(*) DESC LIMIT 1"
    )[0][0]
    query = f"&pet_id=pet-{pet}"
    expected = walked(api, 200, query)
    url, seen = httpx.URL(f"{PATH}?limit=1{query}"), []
    while True:
        answer = api.client.get(str(url), headers={"Host": "internal:8000"})
        seen += [(one["id"], one["pet_id"]) for one in answer.json()]
        if "next" not in answer.links:
            break
        assert answer.links["next"]["url"].startswith("?")
        url = url.join(answer.links["next"]["url"])
    assert seen == expected
    assert len(seen) > 1


def test_owners_are_served_the_recordings_of_their_pets(api: Api) -> None:
    oracle, inferred = Oracle(api.database), 0
    owners = sorted({str(owner) for owner in oracle.pets.values()})[:20]
    for owner in owners:
        mine = [(row, pet) for row, pet in oracle.served() if str(oracle.pets[pet]) == owner]
        assert walked(api, 3, **{"x-role": "owner", "x-owner": owner}) == wire(mine)
        inferred += sum(row[1] is None for row, _ in mine)
    assert inferred > 0


def test_staff_are_served_the_recordings_of_their_practice(api: Api) -> None:
    oracle = Oracle(api.database)
    practices = sorted(set(oracle.practices.values()))
    for practice in practices[:5]:
        mine = [(row, pet) for row, pet in oracle.served() if oracle.practised(row, practice)]
        assert walked(api, 150, **{"x-role": "vet", "x-practice": str(practice)}) == wire(mine)


def test_filters_serve_what_they_name(api: Api) -> None:
    oracle = Oracle(api.database)
    served = oracle.served()
    for appointment, pets in list(oracle.linked.items())[:15]:
        mine = [(row, pet) for row, pet in served if row[2] == appointment]
        assert walked(api, 2, f"&appointment_id=appt-{appointment}") == wire(mine)
        pet = min(pets)
        mine = [one for one in served if one[1] == pet]
        assert walked(api, 5, f"&pet_id={pet}") == wire(mine)


def test_appointment_counts_what_it_withholds(api: Api) -> None:
    oracle = Oracle(api.database)
    row = next(r for r in oracle.rows if r[1] is None and r[2] and oracle.inferred(r) is None)
    answer = api.client.get(f"{PATH}?appointment_id=appt-{row[2]}")
    assert int(answer.headers["x-petrec-withheld"]) >= 1
    assert f"rec-{row[0]}" not in answer.text


def test_queries_that_cannot_be_answered_are_refused(api: Api) -> None:
    for query in ("limit=0", "limit=201", "limit=x", "cursor=%00", "pet_id=rec-1"):
        answer = api.client.get(f"{PATH}?{query}")
        assert (answer.status_code, answer.json()["error"]) == (400, "validation_error")
    for cursor in ("AAAA", "W10", "WzEsIngiXQ", "A"):
        answer = api.client.get(f"{PATH}?cursor={cursor}")
        assert (answer.status_code, answer.json()["error_code"]) == (404, "cursor_not_found")


def test_a_walk_misses_nothing_while_rows_come_in(api: Api) -> None:
    """Rows that come in while a client walks disturb nothing that was there before."""
    before = {f"rec-{row[0]}" for row in api.database.execute("SELECT id FROM recordings")}
    insert = (
        "INSERT INTO recordings (id, appointment_id, pet_id, recorded_by_user_id, recording_type,"
        " status, filename, original_filename, s3_key, created_at, updated_at)"
        " SELECT gen_random_uuid(), appointment_id, pet_id, recorded_by_user_id, recording_type,"
        " status, filename, original_filename, s3_key, {at}, now() FROM recordings"
        " WHERE pet_id IN (SELECT id FROM pets) LIMIT 20"
    )
    expected = walked(api, 200)
    seen: list[tuple[str, str]] = []
    for number, page in enumerate(walk(api, 40)):
        seen += [(one["id"], one["pet_id"]) for one in page.json()]
        # Now and at the very times that pages begin and end with.
        at = "now()" if number % 2 else "created_at"
        api.database.execute(insert.format(at=at))
    assert len(seen) == len(set(seen))
    assert [one for one in seen if one[0] in before] == expected


def test_many_readers_at_once(api: Api, limits: Limits) -> None:
    async def read() -> list[int]:
        path = f"{PATH}?limit=1"
        calls = [api.client.http.get(path, headers=admin()) for _ in range(60)]
        return [answer.status_code for answer in await asyncio.gather(*calls)]

    assert set(api.client.runner.run(read())) == {200}
