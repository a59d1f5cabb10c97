"""The journal's migrations: up, down and up again, equal to what the code expects."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

from alembic import command
from sqlalchemy import Engine, text

from petrec.features.outbox.table import outbox_metadata
from petrec.features.retention.table import erasures_metadata
from petrec.features.runs.journal.install import alembic_config, install_journal
from petrec.features.runs.journal.presence import is_installed
from petrec.features.runs.journal.tables import history_metadata, metadata
from petrec.operations.connect import connect
from tests.plugins.command import ROOT, Petrec
from tests.plugins.databases import Database
from tests.plugins.own_tables import differences

PAGE = ("template.html", "page.css", "script/main.js")
UNCOMMENTED = """
SELECT relname, attname FROM pg_class c
CROSS JOIN LATERAL (
    SELECT 0 AS number, '' AS attname
    UNION ALL SELECT attnum, attname FROM pg_attribute
    WHERE attrelid = c.oid AND attnum > 0 AND NOT attisdropped
) named
LEFT JOIN pg_description ON objoid = c.oid AND objsubid = number
    AND classoid = 'pg_class'::regclass
WHERE relnamespace = 'petrec'::regnamespace AND relkind = 'r' AND description IS NULL
"""
LIST = """
from petrec.features.runs.journal.install import migrations_path
print(*(file.name for file in (migrations_path() / "versions").rglob("*.py")))
"""


def test_schema_equals_what_the_code_expects(clinic_engine: Engine) -> None:
    install_journal(clinic_engine)
    install_journal(clinic_engine)
    with clinic_engine.connect() as connection:
        assert differences(connection, metadata) == []


def test_every_table_and_column_has_a_comment(clinic_engine: Engine, clinic: Database) -> None:
    install_journal(clinic_engine)
    install_journal(clinic_engine, "history")
    for branch in ("outbox", "erasures"):
        install_journal(clinic_engine, branch)
    assert clinic.execute(UNCOMMENTED) == []
    with clinic_engine.connect() as connection:
        both = [history_metadata, metadata, outbox_metadata, erasures_metadata]
        assert differences(connection, both) == []


def test_down_and_up_again_with_data(
    shared_clinic: Database, backfilled: Database, petrec: Petrec
) -> None:
    before, repaired = shared_clinic.checksum(), backfilled.checksum()
    engine = connect(backfilled.dsn).engine
    with engine.connect() as connection:
        command.downgrade(alembic_config(connection), "journal@base")
        connection.commit()
        assert not is_installed(connection)
    assert backfilled.checksum() == repaired != before
    assert petrec("backfill", "--apply", "--yes", dsn=backfilled.dsn).code == 0
    install_journal(engine)
    with engine.connect() as connection:
        assert connection.scalar(text("SELECT count(*) FROM petrec.runs")) == 0


def test_wheel_holds_the_migrations(tmp_path: Path) -> None:
    build = [
        sys.executable,
        "-m",
        "pip",
        "wheel",
        "--quiet",
        "--no-deps",
        "-w",
        str(tmp_path),
        str(ROOT),
    ]
    published = {"PETREC_REPOSITORY": "https://git.example/petrec"}
    subprocess.run(build, check=True, capture_output=True, env=os.environ | published)
    wheel = next(tmp_path.glob("petrec-*.whl"))
    unpacked = tmp_path / "site"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(unpacked)
        held = set(archive.namelist())
    shown = subprocess.run(
        [sys.executable, "-c", LIST], cwd=unpacked, env={"PYTHONPATH": str(unpacked)},
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    assert "0001_journal.py" in shown.stdout.split()
    assert {f"petrec/features/review/page/{name}" for name in PAGE} <= held
    [metadata] = unpacked.glob("petrec-*.dist-info/METADATA")
    text = metadata.read_text(encoding="utf-8")
    assert "Project-URL: Source, https://git.example/petrec\n" in text
    relative = re.findall(r"\]\((?!https://)[^)]*\)", text)
    assert relative == [], "an index page has no files beside it"
