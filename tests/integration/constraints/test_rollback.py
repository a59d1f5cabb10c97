"""Every group there, back and there again, with data; the visits table only while it is empty."""

import json
from collections.abc import Iterator

import psycopg
import pytest
from sqlalchemy import Connection, text

from petrec.errors import UsageError
from petrec.features.constraints.plan import Request
from petrec.features.constraints.specs import GROUPS
from petrec.settings import Mapping
from tests.plugins.clean import clean, digest
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.parted import prepared
from tests.plugins.servers import BINARIES, running
from tests.plugins.stepping import connected, drive

ROWS = "r.id, r.pet_id, r.appointment_id, r.status"
DROP = ("--group", "visits", "--drop-visits")
A_VISIT = """
INSERT INTO visits (pet_id, visit_date, visit_type, created_by)
SELECT pet_id, now(), 'checkup', recorded_by_user_id FROM recordings LIMIT 1
"""
IN_USE = "UPDATE recordings SET visit_id = (SELECT id FROM visits) WHERE id = %s"
SCANS = "SELECT pg_stat_get_xact_numscans('recordings'::regclass)"
# What somebody does between the plan and the statement that drops, and how it is taken back.
MEANWHILE = (
    ("UPDATE recordings SET visit_id = gen_random_uuid()", "UPDATE recordings SET visit_id = NULL"),
    (A_VISIT, "DELETE FROM visits"),
)
OWN = {
    "ALTER TABLE visits ADD COLUMN colour text": "column colour of table visits",
    "CREATE INDEX mine ON visits (status)": "index mine",
    "CREATE VIEW mine AS SELECT id FROM visits": "view mine",
    "CREATE VIEW mine AS SELECT visit_id FROM recordings": "view mine",
    "CREATE INDEX mine ON recordings (status, visit_id)": "index mine",
    "ALTER TABLE visits ADD CONSTRAINT mine CHECK (notes <> '')": "constraint mine",
    "CREATE TABLE mine (visit_id uuid REFERENCES visits (id))": "mine_visit_id_fkey",
    "CREATE PUBLICATION mine FOR TABLE visits": "publication mine",
    "ALTER TABLE recordings ADD seen text GENERATED ALWAYS AS (visit_id::text) STORED": "seen",
}


@pytest.fixture
def planner(clinic: Database) -> Iterator[Connection]:
    with connected(clinic) as connection:
        yield connection


def must(petrec: Petrec, clinic: Database, command: str, *options: str) -> list[str]:
    """Petrec a command that succeeds; returns what it has executed."""
    ended = petrec("constraints", command, "--yes", "--format", "json", *options, dsn=clinic.dsn)
    assert ended.code == 0, ended.err
    return list(json.loads(ended.out)["executed"])


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("group", "on_delete"),
    [*((group, "CASCADE") for group in GROUPS), ("required", "RESTRICT")],
)
def test_each_group_is_taken_back_and_made_again(
    clinic: Database, planner: Connection, group: str, on_delete: str
) -> None:
    prepared(clinic)
    wanted = Request(Mapping(), (group,), on_delete, drop_visits=group == "visits")
    before, rows = digest(clinic), clinic.checksum(ROWS)
    there = drive(clinic, planner, wanted.plan)
    applied = digest(clinic)
    assert drive(clinic, planner, wanted.rollback)
    assert digest(clinic) == before != applied
    assert drive(clinic, planner, wanted.plan) == there
    assert digest(clinic) == applied
    assert clinic.checksum(ROWS) == rows


@pytest.mark.parametrize(
    ("major", "shape"),
    [
        (min(BINARIES), "clinic"),
        pytest.param(min(BINARIES), "partitioned", marks=[pytest.mark.full]),
        pytest.param(max(BINARIES), "partitioned", marks=[pytest.mark.full]),
        pytest.param(max(BINARIES), "integer_ids", marks=[pytest.mark.full]),
    ],
)
def test_apply_and_rollback_of_everything_is_the_identity(
    petrec: Petrec, database: MakeDatabase, major: int, shape: str
) -> None:
    clinic = prepared(database(shape, running(major)))
    extra = () if shape == "integer_ids" else ("--membership",)
    before, rows = digest(clinic), clinic.checksum(ROWS)
    must(petrec, clinic, "apply", *extra)
    applied = digest(clinic)
    assert must(petrec, clinic, "rollback", "--drop-visits", *extra)
    assert digest(clinic) == before != applied
    assert clinic.checksum(ROWS) == rows


def test_values_are_counted_and_kept(petrec: Petrec, clinic: Database, planner: Connection) -> None:
    drive(clean(clinic), planner, Request(Mapping(), ("visits",), "CASCADE").plan)
    clinic.execute(A_VISIT)
    applied = digest(clinic)
    refused = ("constraints", "rollback", "--yes", "--format", "json", *DROP)
    ended = petrec(*refused, dsn=clinic.dsn)
    assert (ended.code, json.loads(ended.out)["counts"]) == (1, {"visits": 1})
    clinic.execute(IN_USE, clinic.execute("SELECT min(id::text)::uuid FROM recordings")[0])
    ended = petrec(*refused, dsn=clinic.dsn)
    counts = {"visits": 1, "recordings.visit_id": 1}
    assert (ended.code, json.loads(ended.out)["counts"]) == (1, counts)
    assert digest(clinic) == applied
    must(petrec, clinic, "rollback", "--group", "visits")
    assert clinic.execute("SELECT count(*), count(visit_id) FROM visits, recordings r"
                          " WHERE visit_id = visits.id") == [(1, 1)]  # fmt: skip


def test_the_option_needs_its_group(petrec: Petrec, clinic: Database) -> None:
    ended = petrec("constraints", "rollback", "--yes", "--group", "indexes", "--drop-visits",
                   dsn=clinic.dsn)  # fmt: skip
    assert (ended.code, "--group visits" in ended.err) == (2, True)


def test_what_the_host_has_made_stays(clinic: Database, planner: Connection) -> None:
    dropping = Request(Mapping(), ("visits",), "CASCADE", drop_visits=True)
    drive(clean(clinic), planner, dropping.plan)
    for own, named in OWN.items():
        planner.execute(text(own))
        with pytest.raises(UsageError, match=named):
            dropping.rollback(planner)
        planner.rollback()
    assert dropping.rollback(planner).steps


def test_a_value_that_comes_meanwhile_stays(clinic: Database, planner: Connection) -> None:
    """The last look is under the lock; it reads an index, which is built where there is none."""
    wanted = Request(Mapping(), ("visits",), "CASCADE")
    drive(clean(clinic), planner, wanted.plan)
    drive(clinic, planner, wanted.rollback)
    dropping = Request(Mapping(), ("visits",), "CASCADE", drop_visits=True)
    done: list[str] = []
    while steps := dropping.rollback(planner).steps:
        planner.rollback()
        sql = steps[0].sql
        if done:
            came, gone = MEANWHILE[len(done) - 1]
            clinic.execute(came)
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="it stays"):
                clinic.execute(sql)
            clinic.execute(gone)
        with psycopg.connect(clinic.dsn, autocommit="CONCURRENTLY" in sql) as worker:
            worker.execute(sql)
            scans = worker.execute(SCANS).fetchone()
            assert "CONCURRENTLY" in sql or scans == (0,)
        done.append(sql)
    assert [sql.split()[0] for sql in done] == ["CREATE", "DO", "DO"]
