"""Tenants of schema-based sharding are a fleet: each has its own run, journal and constraints."""

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.integration.citus.test_constraints import on_shards
from tests.plugins.citus import LOCAL, STEPS, TENANT, CitusClinics
from tests.plugins.command import Petrec, Spawn
from tests.plugins.waiting import until

TENANTS = ("ward_1", "ward_2", "ward_3")
SOUND = """
DELETE FROM {}.recordings r WHERE NOT EXISTS (
  SELECT FROM {}.appointment_pets l
  WHERE (l.appointment_id, l.pet_id) = (r.appointment_id, r.pet_id))
"""


BACKFILL = ("backfill", "--apply", "--yes", "--schema")
WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE wait_event_type = 'Lock' AND application_name LIKE 'petrec%'
"""


@pytest.fixture
def tenants(citus: CitusClinics) -> Iterator[CitusClinics]:
    """Make three tenants with the same ids, spread over the workers."""
    for name in TENANTS:
        STEPS[name] = STEPS[TENANT]
        citus.build(name)
    yield citus
    for name in TENANTS:
        del STEPS[name]
        citus.execute("DROP SCHEMA IF EXISTS {} CASCADE", name)


def fleet(petrec: Petrec, citus: CitusClinics, *words: str, code: int) -> dict[str, Any]:
    given = ("fleet", "--schema", "ward_*", "--jobs", "2", "--format", "json")
    done = petrec(*given, *words, dsn=citus.dsn)
    assert done.code == code, done.out + done.err
    return dict(json.loads(done.out))


@pytest.mark.timeout(600)
def test_tenants_are_audited_repaired_undone_and_constrained(
    petrec: Petrec, tenants: CitusClinics
) -> None:
    plain = json.loads(petrec("audit", "--schema", LOCAL, "--format", "json", dsn=tenants.dsn).out)
    audited = fleet(petrec, tenants, "audit", code=1)["targets"]
    assert len(audited) == len(TENANTS)
    assert all(each["results"][0]["kinds"] == plain["kinds"] for each in audited)

    before = tenants.recordings(TENANTS[0])
    fleet(petrec, tenants, "backfill", "--apply", "--yes", code=0)
    petrec("backfill", "--apply", "--yes", "--schema", LOCAL, dsn=tenants.dsn)
    repaired = tenants.recordings(LOCAL)
    assert all(tenants.recordings(name) == repaired for name in TENANTS)
    ((run,),) = tenants.execute(
        "SELECT id FROM petrec.runs WHERE target ->> 'table' LIKE 'ward_2.%'"
    )
    undone = petrec("runs", "undo", str(run), "--yes", "--schema", "ward_2", dsn=tenants.dsn)
    assert undone.code == 0, undone.err
    states = [tenants.recordings(name) for name in TENANTS]
    assert states == [repaired, before, repaired]

    for name in ("ward_1", "ward_3"):
        tenants.execute(SOUND, name, name)
    truncate = "SELECT truncate_local_data_after_distributing_table('{}.{}')"
    for name in TENANTS:
        for table in ("recordings", "appointment_pets", "appointments"):
            tenants.execute(truncate.format(name, table))
    made = fleet(petrec, tenants, "constraints", "apply", "--group", "required", "--yes", code=1)
    codes = {each["target"].rpartition("/")[2]: each["exit_code"] for each in made["targets"]}
    assert codes == {"ward_1": 0, "ward_2": 1, "ward_3": 0}
    assert on_shards(tenants, "ward_1", "1 of 1")
    assert on_shards(tenants, "ward_2", "0 of 0")


def test_the_first_runs_of_two_tenants_begin_at_once(
    petrec: Petrec, spawn: Spawn, tenants: CitusClinics
) -> None:
    tenants.execute("DROP SCHEMA IF EXISTS petrec CASCADE")
    # The journal of plain tables, which Citus does not manage yet.
    assert petrec(*BACKFILL, LOCAL, dsn=tenants.dsn).code in {0, 1}
    with psycopg.connect(tenants.dsn) as reader:
        reader.execute("SELECT FROM petrec.runs")
        started = [spawn(*BACKFILL, name, dsn=tenants.dsn) for name in TENANTS[:2]]
        until(lambda: tenants.execute(WAITING) == [(2,)])
        reader.rollback()
    assert [process.wait(120) for process in started] == [0, 0]
    first, second = (tenants.recordings(name) for name in TENANTS[:2])
    assert first == second != tenants.recordings(TENANTS[2])
