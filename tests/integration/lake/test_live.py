"""DuckDB on a live database answers as PostgreSQL does, from the snapshot of petrec."""

import json
import re
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

import petrec as api
from petrec.fingerprints import fingerprints_query
from petrec.lake.live import LiveEngine, LiveSource
from petrec.rules.census import census_query, take_census
from tests.integration.lake.test_audit_files import options_of
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.templates import SHAPES

LIVE = ("--engine", "duckdb")


def answers(said: str) -> dict[str, Any]:
    found = json.loads(said)
    return {name: found[name] for name in found.keys() - {"engine", "taken_at"}}


def overtaken(said: str) -> int:
    told = json.loads(said)
    counts = {each["id"]: each["count"] for each in told.get("rules") or told["warnings"]}
    return int(counts["evidence_overtaken"])


@pytest.mark.few(2)
@pytest.mark.parametrize("shape", SHAPES)
def test_the_answers_and_the_baseline_are_those_of_the_database(
    petrec: Petrec, database: MakeDatabase, shape: str
) -> None:
    clinic = database(shape)
    options = options_of(clinic)
    there = petrec("audit", "--format", "json", *options, dsn=clinic.dsn)
    here = petrec("audit", "--format", "json", *LIVE, *options, dsn=clinic.dsn)
    assert answers(here.out) == answers(there.out), here.err
    by = ("audit", "--by", "month", "--format", "json", *options)
    grouped = petrec(*by, dsn=clinic.dsn)
    also = petrec(*by, *LIVE, dsn=clinic.dsn)
    assert answers(also.out) == answers(grouped.out), also.err
    assert answers(also.out) != answers(there.out)
    known = ("validate", "--baseline", "known", *options)
    made = petrec(*known, "--update-baseline", *LIVE, dsn=clinic.dsn)
    assert made.code == 0, made.err
    checked = petrec(*known, dsn=clinic.dsn)
    assert checked.code == 0, checked.err


def test_domains_over_uuid_are_read_as_what_they_are(petrec: Petrec, clinic: Database) -> None:
    clinic.execute("CREATE DOMAIN reference AS uuid")
    for place in ("pets ALTER id", "appointment_pets ALTER pet_id", "recordings ALTER pet_id"):
        clinic.execute(f"ALTER TABLE {place} TYPE reference")
    there = petrec("audit", "--format", "json", dsn=clinic.dsn)
    assert there.code == 1, there.err
    here = petrec("audit", "--format", "json", *LIVE, dsn=clinic.dsn)
    assert here.code == 1, here.err
    assert answers(here.out) == answers(there.out), here.err


def test_only_rows_that_count_are_read_and_the_journal_is_asked(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    clinic.execute("ALTER TABLE pets ADD deleted_at timestamptz")
    clinic.execute("UPDATE pets SET deleted_at = now() WHERE id::text < '8'")
    where = "deleted_at IS NULL AND name IS DISTINCT FROM '100% ''odd'''"
    (tmp_path / "petrec.toml").write_text(f'[mapping.where]\npets = "{where}"\n')
    applied = petrec("backfill", "--apply", "--yes", dsn=clinic.dsn)
    assert applied.code in {0, 1}, applied.err
    there = petrec("audit", "--format", "json", dsn=clinic.dsn)
    here = petrec("audit", "--format", "json", *LIVE, dsn=clinic.dsn)
    assert answers(here.out) == answers(there.out), here.err
    assert "evidence_overtaken" in here.out


LATE = """
INSERT INTO appointment_pets (appointment_id, pet_id, removed)
SELECT r.appointment_id, p.id, r.id::text < '8'
FROM recordings r JOIN petrec.changes c ON c.row_key[1] = r.id::text AND c.strategy = 'single_pet'
CROSS JOIN LATERAL (SELECT id FROM pets WHERE id NOT IN (
    SELECT pet_id FROM appointment_pets WHERE appointment_id = r.appointment_id) LIMIT 1) p
ON CONFLICT DO NOTHING
"""
OVERTAKEN = """
SELECT count(DISTINCT r.id) FILTER (WHERE NOT l.removed), count(DISTINCT r.id)
FROM recordings r JOIN petrec.changes c ON c.row_key[1] = r.id::text AND c.strategy = 'single_pet'
JOIN appointment_pets l ON l.appointment_id = r.appointment_id AND l.pet_id <> r.pet_id
"""


def test_the_journal_is_asked_about_rows_that_count(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    clinic.execute("ALTER TABLE appointment_pets ADD removed boolean NOT NULL DEFAULT false")
    (tmp_path / "petrec.toml").write_text('[mapping.where]\nappointment_pets = "NOT removed"\n')
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code in {0, 1}
    clinic.execute(LATE)
    ((right, wrong),) = clinic.execute(OVERTAKEN)
    assert 0 < right < wrong
    for command in ("audit",), ("validate", "--since", "2000-01-01"):
        there = petrec(*command, "--format", "json", dsn=clinic.dsn)
        here = petrec(*command, "--format", "json", *LIVE, dsn=clinic.dsn)
        assert overtaken(there.out) == right, there.err
        assert overtaken(here.out) == right, here.err


def test_all_reads_are_of_one_snapshot(clinic: Database) -> None:
    session = api.connect(clinic.dsn, scans=True)
    with session.source() as (source, schema):
        before = take_census(source, schema, owners=True)
        groups = Counter(before.groups)
        clinic.execute("DELETE FROM appointment_pets")
        clinic.execute("UPDATE recordings SET pet_id = NULL")
        # Groups come in any order.
        assert Counter(take_census(source, schema, owners=True).groups) == groups
        # What PostgreSQL answers itself is of the same moment.
        lost = source.database.scalar(
            text("SELECT count(*) FROM public.recordings WHERE pet_id IS NULL")
        )
        assert lost == before.count(has_pet=False)
    assert api.audit(session).guide.recordings_with_pet_id == 0


@pytest.mark.parametrize("shape", ["with_visits", "text_ids"])
def test_every_table_is_read_once(database: MakeDatabase, shape: str) -> None:
    session = api.connect(database(shape).dsn, scans=True)
    with session.source() as (source, schema):
        assert isinstance(source, LiveSource)
        assert isinstance(source.engine, LiveEngine)
        for query in census_query(schema, owners=True), fingerprints_query(schema):
            told = source.engine.connection.execute(
                f"EXPLAIN (FORMAT json) {source.transpiler.write(query)}"
            )
            ((_, plan),) = told.fetchall()
            scans = Counter(re.findall(r'"Table": "(\w+)"', plan))
            assert {"recordings", "pets", "appointments", "appointment_pets"} <= scans.keys()
            assert set(scans.values()) == {1}, plan


def test_what_duckdb_compares_in_another_way_is_refused(
    petrec: Petrec, database: MakeDatabase
) -> None:
    clinic = database("text_ids")
    clinic.execute("ALTER TABLE pets ALTER id TYPE character(60)")
    ended = petrec("audit", *LIVE, dsn=clinic.dsn)
    assert ended.code == 2
    assert "pets.id is bpchar" in ended.err
    rows = petrec("audit", "--rows", "mismatched", *LIVE, dsn=clinic.dsn)
    assert rows.code == 2
    assert "omit --engine" in rows.err


def test_no_password_is_shown_where_duckdb_cannot_connect(petrec: Petrec, clinic: Database) -> None:
    clinic.execute("""DROP ROLE IF EXISTS lonely; CREATE ROLE lonely LOGIN
        PASSWORD 's3cret": pw' CONNECTION LIMIT 1; GRANT pg_read_all_data TO lonely""")
    dsn = clinic.dsn.replace("postgres@", "lonely:s3cret%22%3A%20pw@")
    ended = petrec("audit", "-vv", *LIVE, dsn=dsn)
    assert ended.code == 3
    assert "cannot connect" in ended.err
    assert "too many connections" in ended.err
    assert "s3cret" not in ended.out + ended.err


def test_a_role_with_grants_on_columns_alone_reads_the_same(
    petrec: Petrec, clinic: Database
) -> None:
    clinic.execute("""DROP ROLE IF EXISTS columns_only; CREATE ROLE columns_only LOGIN;
        GRANT USAGE ON SCHEMA public TO columns_only;
        GRANT SELECT (id, pet_id, appointment_id, created_at) ON recordings TO columns_only;
        GRANT SELECT (id, owner_id) ON pets TO columns_only;
        GRANT SELECT (id, pet_owner_id) ON appointments TO columns_only;
        GRANT SELECT (appointment_id, pet_id) ON appointment_pets TO columns_only""")
    dsn = clinic.dsn.replace("postgres@", "columns_only@")
    there = petrec("audit", "--format", "json", dsn=dsn)
    here = petrec("audit", "--format", "json", *LIVE, dsn=dsn)
    assert answers(here.out) == answers(there.out), here.err


@pytest.mark.parametrize("said", [("audit", *LIVE), ("export-tables", "lake")])
def test_ids_that_are_equal_beyond_their_bytes_are_refused(
    petrec: Petrec, database: MakeDatabase, said: tuple[str, ...]
) -> None:
    clinic = database("text_ids")
    # Real ones need ICU, which not every build of a server has.
    clinic.execute("""CREATE COLLATION careless (provider = libc, locale = 'C');
        UPDATE pg_collation SET collisdeterministic = false WHERE collname = 'careless'""")
    clinic.execute("ALTER TABLE recordings ALTER pet_id TYPE text COLLATE careless")
    ended = petrec(*said, dsn=clinic.dsn)
    assert ended.code == 2, ended.err
    assert "recordings.pet_id has the nondeterministic collation careless" in ended.err
