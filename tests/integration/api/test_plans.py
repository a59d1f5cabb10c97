"""Lists read little more than they return, however many recordings lack a pet."""

from collections.abc import Callable
from itertools import product

import pytest

from petrec.api.recordings import queries
from petrec.features.constraints.specs import specs
from tests.plugins.api import Api
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.plans import APPLIED, MORE, Lists
from tests.plugins.two_clinics import ACTORS, APPT1, APPT2, O2, PET1, PET2, REC1, REC2, VISIT1

# The clinic's 500 pets change hands: owners 1 to 4 have 2, 5, 20 and 200, the others have the rest.
OWNED = """
WITH owners AS (SELECT id, row_number() OVER (ORDER BY id) AS place FROM pet_owners),
  placed AS (SELECT id, row_number() OVER (ORDER BY id) AS place FROM pets)
UPDATE pets SET owner_id = owners.id FROM placed, owners
WHERE placed.id = pets.id AND owners.place = CASE
  WHEN placed.place <= 2 THEN 1 WHEN placed.place <= 7 THEN 2 WHEN placed.place <= 27 THEN 3
  WHEN placed.place <= 227 THEN 4 ELSE 5 + placed.place % 200 END
"""
# One owner has three recordings: with its pet, with its appointment alone, with its visit alone. Of
# another owner 20,000 lack their pet.
BACKLOG = f"""
INSERT INTO appointments SELECT (made).* FROM (SELECT jsonb_populate_record(a, jsonb_build_object(
  'id', gen_random_uuid())) AS made
  FROM appointments a, generate_series(1, 500) WHERE a.id = '{APPT2}') more;
INSERT INTO appointment_pets SELECT a.id, '{PET2}' FROM appointments a
  WHERE a.pet_owner_id = '{O2}' AND a.id <> '{APPT2}';
UPDATE recordings SET status = 'uploaded';
INSERT INTO recordings SELECT (made).* FROM (SELECT jsonb_populate_record(r, jsonb_build_object(
  'id', gen_random_uuid(), 'appointment_id', a.id, 'pet_id', NULL,
  'created_at', now() - n * interval '1 minute')) AS made
  FROM recordings r, generate_series(1, 40) n, appointments a
  WHERE r.id = '{REC2}' AND a.pet_owner_id = '{O2}') more;
INSERT INTO recordings SELECT (made).* FROM (SELECT jsonb_populate_record(r, jsonb_build_object(
  'id', gen_random_uuid(), 'pet_id', NULL, 'appointment_id', known.appointment,
  'visit_id', known.visit, 'created_at', now() - interval '1 year')) AS made
  FROM recordings r, (VALUES ('{APPT1}', NULL), (NULL, '{VISIT1}')) known (appointment, visit)
  WHERE r.id = '{REC1}') more;
"""


@pytest.mark.long
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("rows", [40_000, pytest.param(1_000_000, marks=pytest.mark.full)])
def test_lists_read_few_recordings(
    make_api: Callable[..., Api], database: MakeDatabase, petrec: Petrec, rows: int
) -> None:
    made = database("clinic")
    (owner,) = made.execute(
        "SELECT owner_id FROM pets GROUP BY owner_id HAVING count(*) = 2 LIMIT 1"
    )[0]
    of_owner = f"pet_id IN (SELECT id FROM pets WHERE owner_id = '{owner}')"
    made.execute(MORE.format(rows=rows, condition="true"))
    made.execute(MORE.format(rows=rows // 10, condition=of_owner))
    assert petrec(*APPLIED, dsn=made.dsn).code == 0
    made.execute("VACUUM ANALYZE")
    appointment, pet = made.execute(
        f"SELECT appointment_id, pet_id FROM appointment_pets WHERE {of_owner} LIMIT 1"
    )[0]
    lists = Lists(made, make_api(database=made))
    owners = {"x-role": "owner", "x-owner": str(owner)}
    for query, headers in (
        ("?limit=10", owners), ("?limit=5", owners), ("?limit=50", {}), ("?limit=200", {}),
        (f"?limit=5&pet_id={pet}", {}),
        (f"?limit=5&appointment_id={appointment}", {}), ("?limit=20&status=uploaded", owners),
        (f"?limit=5&appointment_id={appointment}&pet_id={pet}&status=uploaded", owners),
        ("?limit=50&status=pending", {}),
        ("?limit=10&status=failed", {}), ("?limit=50&status=uploaded", {}),
    ):  # fmt: skip
        for told, read in lists.pages(query, headers):
            assert 0 < read <= told * 4, (query, headers)
    deep = lists.deep()
    for query, headers in (
        ("?limit=50", {}), (f"?limit=5&pet_id={pet}", {}), ("?limit=10", owners),
        (f"?limit=5&appointment_id={appointment}", {}),
        ("?limit=50&status=pending", {}), ("?limit=50&status=uploaded", {}),
    ):  # fmt: skip
        for told, read in lists.pages(query, headers, start=deep):
            assert 0 < read <= told * 4, (query, headers)
    # No index finds what is near an owner's pets by its status: docs/api.md names the price.
    (near,) = made.execute(
        "SELECT count(*) FROM recordings WHERE appointment_id IN"
        f" (SELECT appointment_id FROM appointment_pets WHERE {of_owner})"
    )[0]
    for query, headers in (
        (f"?limit=5&pet_id={pet}&status=pending", {}), ("?limit=5&status=pending", owners),
    ):  # fmt: skip
        for _, read in lists.pages(query, headers):
            assert 0 < read <= near, (query, headers)
    check_owners(made, lists)


def check_owners(made: Database, lists: Lists) -> None:
    """However many pets an owner has, a page is not read of each."""
    made.execute(OWNED)
    made.execute("VACUUM ANALYZE pets")
    owned = (
        "SELECT owner_id FROM pets GROUP BY owner_id HAVING count(*) = %s ORDER BY owner_id LIMIT 1"
    )
    for pets in (2, 5, 20, 200):
        (owner,) = made.execute(owned, (pets,))[0]
        for limit in (10, 50):
            of_owner = {"x-role": "owner", "x-owner": str(owner)}
            for told, read in lists.pages(f"?limit={limit}", of_owner):
                # One more than it tells is looked for.
                assert 0 < read <= (told + 1) * 4 + pets, (pets, limit)


def test_a_practice_of_many_appointments_is_read_newest_first(
    make_api: Callable[..., Api],
    database: MakeDatabase,
    petrec: Petrec,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made = database("clinic")
    made.execute(MORE.format(rows=40_000, condition="true"))
    assert petrec(*APPLIED, dsn=made.dsn).code == 0
    made.execute("VACUUM ANALYZE")
    practice, appointments, recordings = made.execute(
        "SELECT practice_id, count(DISTINCT appointments.id), count(recordings) FROM appointments"
        " JOIN recordings ON appointment_id = appointments.id GROUP BY 1 ORDER BY 2 DESC LIMIT 1"
    )[0]
    staff = {"x-practice": str(practice), "x-role": "vet"}
    for few in (True, False):
        monkeypatch.setattr(queries, "IN_TURN", appointments - (not few))
        lists = Lists(made, make_api(database=made))
        for query in ("?limit=50", "?limit=10&status=pending"):
            for told, read in lists.pages(query, staff):
                if not few:
                    allowed = 4 * lists.spanned(query)
                else:
                    # No index finds a rare status of an appointment, with its pet or without.
                    allowed = 2 * recordings if "status" in query else 4 * (told + 1) + appointments
                assert 0 < read <= allowed, (query, few)


@pytest.mark.api("two_clinics")
def test_a_caller_of_few_recordings_reads_no_backlog_of_others(api: Api, petrec: Petrec) -> None:
    """Such a list has no second page, so nothing but the caller's own bounds what is read."""
    made = api.database
    made.execute(BACKLOG)
    assert petrec(*APPLIED, dsn=made.dsn).code == 0
    made.execute("VACUUM ANALYZE")
    lists = Lists(made, api)
    queries_of_each = ("", f"?pet_id=pet-{PET1}", "?status=uploaded", "?limit=2")
    for caller, query in product(("owner", "staff"), queries_of_each):
        pages = list(lists.pages(query or "?limit=50", ACTORS[caller]))
        told = [2, 1] if query == "?limit=2" else [3]
        assert [some for some, _ in pages] == told, (caller, query)
        # Four times the caller's three, whatever part of them a page tells.
        assert all(0 < read <= 4 * 3 for _, read in pages), (caller, query)
        assert {row["pet_id"] for row in lists.page} == {f"pet-{PET1}"}


def test_a_rare_status_of_an_enum_is_found_by_an_index(
    make_api: Callable[..., Api], database: MakeDatabase, petrec: Petrec
) -> None:
    made = database("clinic")
    made.execute(MORE.format(rows=20_000, condition="true"))
    (names,) = made.execute(
        "SELECT string_agg(DISTINCT quote_literal(status), ',') FROM recordings"
    )[0]
    made.execute(f"""CREATE TYPE theirs AS ENUM ({names}); ALTER TABLE recordings
        ALTER status DROP DEFAULT, ALTER status TYPE theirs USING status::theirs""")
    assert petrec(*APPLIED, dsn=made.dsn).code == 0
    made.execute("VACUUM ANALYZE")
    lists = Lists(made, make_api(database=made))
    for status in ("failed", "pending"):
        for told, read in lists.pages(f"?limit=5&status={status}", {}):
            assert 0 < read <= told * 4, status
            assert {row["status"] for row in lists.page} == {status}
    assert lists.api.client.get("/api/v1/recordings/?status=none").json() == []


@pytest.mark.api("two_clinics")
def test_each_index_of_the_group_is_read(api: Api, petrec: Petrec) -> None:
    assert petrec(*APPLIED, dsn=api.database.dsn).code == 0
    lists = Lists(api.database, api)
    used: set[str] = set()
    for path in (
        "recordings/", f"recordings/?pet_id=pet-{PET1}", f"recordings/?appointment_id=appt-{APPT1}",
        f"recordings/?appointment_id=appt-{APPT1}&pet_id=pet-{PET1}", "recordings/?status=pending",
        f"recordings/?pet_id=pet-{PET1}&status=pending", "visits/",
        f"visits/?pet_id=pet-{PET1}", f"appointments/appt-{APPT1}",
    ):  # fmt: skip
        for actor in ("owner", "staff", "admin"):
            lists.sent.clear()
            assert api.client.get(f"/api/v1/{path}", headers=ACTORS[actor]).status_code == 200
            used |= lists.indexes()
    assert {spec.name for spec in specs(("api",), "CASCADE")} <= used
