"""Make reports/sample.json anew, on a server of its own: `make sample-report`.

Thirty days of the test clinic, with one real backfill; the same in every run.
"""

import functools
import subprocess
import sys
from pathlib import Path

import msgspec
import psycopg

from petrec.features.report.as_json import write
from petrec.features.report.history import compared_in_file
from petrec.features.report.result import ReportResult
from tests.integration.report.simulation import DAYS, Clinic, engine_of, live, moment, report_on
from tests.plugins.binaries import find_binaries
from tests.plugins.cluster import Cluster
from tests.plugins.command import ROOT, environment
from tests.plugins.databases import Database
from tests.plugins.templates import template_of

SAMPLE = ROOT / "reports" / "sample.json"
BACKFILL_DAY = 17
# The backfill takes what is certain; what the simulation then mends must be broken still.
REVIEWED = """
UPDATE recordings SET pet_id = (
    SELECT min(a.pet_id::text)::uuid FROM appointment_pets a
    WHERE a.appointment_id = recordings.appointment_id)
WHERE id IN (SELECT r.id FROM recordings r JOIN appointment_pets a USING (appointment_id)
             WHERE r.pet_id IS NULL GROUP BY r.id HAVING count(*) > 1 ORDER BY r.id LIMIT %s)
"""
SPREAD = """
UPDATE recordings r SET created_at = timestamptz '2025-09-01 09:58+00' - n * interval '21.6 minutes'
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM recordings) numbered
WHERE numbered.id = r.id
"""
# One version of the app has made most of what is missing.
VERSIONS = """
UPDATE recordings r SET recording_metadata = jsonb_build_object('app_version',
    CASE WHEN n % 3 > 0 AND pet_id IS NULL THEN '3.4.0' ELSE '3.' || n % 6 || '.0' END)
FROM (SELECT id, row_number() OVER (ORDER BY id) AS n FROM recordings) numbered
WHERE numbered.id = r.id
"""


def simulate(database: Database, history: Path) -> ReportResult:
    """Live through the days and return the last day's report."""
    database.execute(SPREAD)
    database.execute(VERSIONS)
    clinic = Clinic(database)
    comparing = functools.partial(compared_in_file, history)
    with engine_of(database) as engine:
        for day in range(DAYS):
            if day < BACKFILL_DAY:
                live(clinic, day)
            elif day == BACKFILL_DAY:
                _backfill(database, day, history.with_name("ambiguous.csv"))
            else:
                database.execute(REVIEWED, (4 + day % 3,))
                clinic.relapse("missing_inferable", 2 if day in {20, 24} else 0)
            result = report_on(engine, moment(day), comparing, by="app_version")
    audit = msgspec.structs.replace(result.audit, database="clinic")
    return msgspec.structs.replace(result, audit=audit, history="petrec-history.txt")


def _backfill(database: Database, day: int, export: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "petrec",
        "backfill",
        "--apply",
        "--yes",
        "--export",
        str(export),
    ]
    env = environment(PETREC_DATABASE_URL=database.dsn)
    subprocess.run(command, check=True, env=env, capture_output=True)
    database.execute("UPDATE petrec.runs SET finished_at = %s", (moment(day),))


def main(target: Path = SAMPLE) -> None:
    """Write the sample."""
    major, directory = next(iter(find_binaries().items()))
    cluster = Cluster.start(major, directory)
    history = cluster.directory / "history.txt"
    try:
        template = template_of(cluster, "clinic")
        with psycopg.connect(cluster.dsn(), autocommit=True) as admin:
            admin.execute(f"CREATE DATABASE sample TEMPLATE {template}")
        result = simulate(Database(cluster, "sample"), history)
        with target.open("w", encoding="utf-8") as out:
            write(result, out)
    finally:
        cluster.remove()


if __name__ == "__main__":
    main(*map(Path, sys.argv[1:]))
