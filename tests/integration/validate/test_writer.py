"""A writer breaks and repairs rows all the time: within a run, all numbers are of one moment."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from petrec.features.audit import run_audit, stream_json, stream_rows
from petrec.features.validate import Baseline, apply_ratchet, judge, limits_by_rule
from petrec.features.validate.result import ValidationResult
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.preflight import load_schema
from petrec.postgres.snapshot import read_snapshot
from petrec.postgres.source import DatabaseSource
from petrec.settings import Settings
from tests.plugins.databases import Database
from tests.plugins.waiting import until

BREAK = (
    "UPDATE recordings SET pet_id = NULL WHERE id IN (SELECT id FROM recordings"
    " WHERE pet_id IS NOT NULL ORDER BY random() LIMIT 40)",
    "DELETE FROM appointment_pets WHERE appointment_id IN (SELECT appointment_id FROM"
    " appointment_pets ORDER BY random() LIMIT 10)",
    "UPDATE recordings SET pet_id = gen_random_uuid() WHERE id IN (SELECT id FROM recordings"
    " ORDER BY random() LIMIT 5)",
    "INSERT INTO recordings SELECT (r).* FROM (SELECT jsonb_populate_record(r, jsonb_build_object("
    "'id', gen_random_uuid())) AS r FROM recordings r ORDER BY random() LIMIT 20) AS copied",
)
REPAIR = (
    "INSERT INTO appointment_pets SELECT appointment_id, p.id FROM recordings r JOIN pets p"
    " ON p.id = r.pet_id JOIN appointments a ON a.id = r.appointment_id ON CONFLICT DO NOTHING",
    "UPDATE recordings r SET pet_id = ap.pet_id FROM appointment_pets ap WHERE ap.appointment_id ="
    " r.appointment_id AND r.pet_id IS NULL",
    "DELETE FROM recordings WHERE id IN (SELECT id FROM recordings ORDER BY random() LIMIT 20)",
)


@contextmanager
def writer(clinic: Database) -> Iterator[Callable[[], int]]:
    """Run a writer beside the block; gives how many transactions it has committed."""
    stop, done, failures = threading.Event(), [0], []

    def write() -> None:
        with psycopg.connect(clinic.dsn) as connection:
            while not stop.is_set():
                for statement in (*BREAK, *REPAIR):
                    connection.execute(statement)
                    connection.commit()
                    done[0] += 1

    def guarded() -> None:
        try:
            write()
        except psycopg.Error as error:
            failures.append(error)

    thread = threading.Thread(target=guarded, daemon=True)
    thread.start()
    until(lambda: done[0] > len(BREAK) or failures)
    yield lambda: done[0]
    stop.set()
    thread.join()
    assert failures == []


def one_run(clinic: Database, baseline: Path) -> ValidationResult:
    """Count, list in two forms, and compare with a baseline, all in one snapshot."""
    settings = Settings()
    engine = make_engine(resolve_dsn(clinic.dsn, None), settings, "test")
    with read_snapshot(engine) as connection:
        schema = load_schema(connection, settings.mapping)
        source = DatabaseSource(connection)
        audit = run_audit(source, schema)
        for kind in audit.kinds:
            with stream_rows(source, schema, kind.id) as (_, rows):
                assert sum(1 for _ in rows) == kind.count, kind.id
            with stream_json(source, schema, kind.id) as lines:
                assert sum(1 for _ in lines) == kind.count, kind.id
        ratchet = apply_ratchet(source, schema, Baseline(baseline, schema), update=True)
    assert sum(kind.count for kind in audit.kinds) == audit.total
    listed = baseline.read_text().splitlines()[2:]
    for kind in audit.kinds[1:]:
        assert sum(line.startswith(f"{kind.id} ") for line in listed) == kind.count
    return judge(audit, limits_by_rule({}), ratchet=ratchet)


@pytest.mark.parametrize("runs", [3, pytest.param(100, marks=pytest.mark.full)])
def test_counts_and_rows_are_of_one_moment(clinic: Database, tmp_path: Path, runs: int) -> None:
    with writer(clinic) as written:
        results, commits = [], []
        for _ in range(runs):
            results.append(one_run(clinic, tmp_path / "known.txt"))
            commits.append(written())
    assert len(set(commits)) > runs / 2
    assert len({(result.total, *(rule.count for rule in result.rules)) for result in results}) > 1
