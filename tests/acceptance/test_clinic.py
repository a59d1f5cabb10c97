"""The damaged clinic, in every shape and on every version: audit, backfill, undo."""

import csv
import io
import json
import shutil
from pathlib import Path

import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.forks import Completed
from tests.plugins.templates import DATA, SHAPES
from tests.plugins.waiting import until

COUNTS = {
    "ok": 1292,
    "missing_inferable": 395,
    "missing_ambiguous": 160,
    "missing_no_pets": 20,
    "missing_no_appointment": 20,
    "missing_dangling_appointment": 5,
    "dangling_pet": 8,
    "dangling_appointment": 0,
    "mismatched": 100,
    "visit_conflict": 0,
}
GUIDE = {
    "total_recordings": 2000,
    "recordings_with_pet_id": 1400,
    "missing_pet_id": 600,
    "invalid_associations": 688,
}


def counts(audited: Completed) -> dict[str, int]:
    return {kind["id"]: kind["count"] for kind in json.loads(audited.out)["kinds"]}


def repair_and_take_back(petrec: Petrec, database: Database, tmp_path: Path) -> None:
    """The whole way: the numbers before, what is written, and that undo restores every byte."""
    dsn, before = database.dsn, database.checksum()
    audited = petrec("audit", "--format", "json", dsn=dsn)
    assert audited.code == 1, audited.err
    assert counts(audited) == COUNTS
    assert json.loads(audited.out)["guide"] == GUIDE

    applied = petrec("backfill", "--apply", "--yes", "--format", "json", dsn=dsn)
    assert applied.code == 0, applied.err
    result = json.loads(applied.out)
    assert (result["run"]["changed"], result["run"]["state"]) == (395, "done")
    after = counts(petrec("audit", "--format", "json", dsn=dsn))
    assert after == COUNTS | {"ok": 1292 + 395, "missing_inferable": 0}
    rows = list(csv.reader(io.StringIO((tmp_path / result["export"]).read_text("utf-8-sig"))))
    assert len(rows) == 1 + 160
    assert all(len(row[1].split(" | ")) > 1 for row in rows[1:])

    again = json.loads(petrec("backfill", "--apply", "--yes", "--format", "json", dsn=dsn).out)
    assert again["run"] is None

    undone = petrec("runs", "undo", str(result["run"]["id"]), "--yes", "--format", "json", dsn=dsn)
    assert undone.code == 0, undone.err
    assert json.loads(undone.out)["run"]["changed"] == 395
    assert database.checksum() == before
    second = petrec("runs", "undo", str(result["run"]["id"]), "--yes", "--format", "json", dsn=dsn)
    assert json.loads(second.out)["run"]["changed"] == 0
    assert database.checksum() == before


@pytest.mark.few(2)
def test_every_version_is_repaired_and_taken_back(
    petrec: Petrec, database: MakeDatabase, every_cluster: Cluster, tmp_path: Path
) -> None:
    repair_and_take_back(petrec, database("clinic", every_cluster), tmp_path)


@pytest.mark.few(2)
@pytest.mark.parametrize("shape", SHAPES[1:])
def test_every_shape_is_repaired_and_taken_back(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, shape: str
) -> None:
    if shape == "renamed":
        shutil.copy(DATA / "shapes" / "renamed.toml", tmp_path / "petrec.toml")
    repair_and_take_back(petrec, database(shape), tmp_path)


def test_only_the_pet_of_the_planned_rows_changes(petrec: Petrec, clinic: Database) -> None:
    others = (
        "SELECT md5(string_agg((to_jsonb(r) - 'pet_id')::text, '|' ORDER BY id)) FROM recordings r"
    )
    written = "SELECT n_tup_upd FROM pg_stat_user_tables WHERE relname = 'recordings'"
    before = clinic.execute(others)
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.execute(others) == before
    assert until(lambda: clinic.execute(written) == [(395,)])


def test_touch_sets_the_column_and_undo_restores_it(petrec: Petrec, clinic: Database) -> None:
    before = clinic.checksum()
    applied = petrec("backfill", "--apply", "--yes", "--touch", "updated_at", dsn=clinic.dsn)
    assert applied.code == 0, applied.err
    recent = "SELECT count(*) FROM recordings WHERE updated_at > now() - interval '1 hour'"
    assert clinic.execute(recent) == [(395,)]
    assert petrec("runs", "undo", "1", "--yes", dsn=clinic.dsn).code == 0
    assert clinic.checksum() == before


def test_a_visit_is_certain_evidence(petrec: Petrec, database: MakeDatabase) -> None:
    clinic = database("with_visits")
    clinic.execute("""
        WITH chosen AS (
            SELECT DISTINCT ON (r.id) r.id, ap.pet_id, r.appointment_id
            FROM recordings r JOIN appointment_pets ap USING (appointment_id)
            WHERE r.pet_id IS NULL AND (SELECT count(*) FROM appointment_pets o
                                        WHERE o.appointment_id = r.appointment_id) > 1
            ORDER BY r.id, ap.pet_id DESC LIMIT 10),
        made AS (
            INSERT INTO visits (pet_id, appointment_id, visit_date, visit_type, created_by)
            SELECT pet_id, appointment_id, now(), 'x', (SELECT id FROM users LIMIT 1) FROM chosen
            RETURNING id, appointment_id)
        UPDATE recordings r SET visit_id = made.id FROM made, chosen
        WHERE r.id = chosen.id AND made.appointment_id = chosen.appointment_id""")
    linked = clinic.execute("SELECT count(*) FROM recordings WHERE visit_id IS NOT NULL")[0][0]
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0
    wrong = """SELECT count(*) FROM recordings r JOIN visits v ON v.id = r.visit_id
               WHERE r.pet_id IS DISTINCT FROM v.pet_id"""
    assert clinic.execute(wrong) == [(0,)]
    by_visit = "SELECT count(*) FROM petrec.changes WHERE strategy = 'visit'"
    assert clinic.execute(by_visit) == [(linked,)]


@pytest.mark.few(5)
@pytest.mark.parametrize("kind", COUNTS)
@pytest.mark.parametrize("output_format", ["csv", "jsonl"])
def test_rows_are_complete(petrec: Petrec, clinic: Database, kind: str, output_format: str) -> None:
    listed = petrec("audit", "--rows", kind, "--format", output_format, dsn=clinic.dsn)
    assert listed.code == (1 if COUNTS[kind] and kind != "ok" else 0)
    if output_format == "csv":
        header, *rows = csv.reader(io.StringIO(listed.out))
        assert "transcript_text" in header
        assert not any(cell[:1] in tuple("=+-@\t\r\n") for row in rows for cell in row if cell)
        found = len(rows)
    else:
        objects = [json.loads(line) for line in listed.out.splitlines()]
        assert {row["petrec_kind"] for row in objects} <= {kind}
        found = len(objects)
    assert found == COUNTS[kind]
