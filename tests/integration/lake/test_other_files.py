"""Files that other programs wrote are read as the tables that they are named after."""

import json
from pathlib import Path

import pytest

from tests.integration.lake.test_audit_files import answers
from tests.plugins.command import Petrec
from tests.plugins.databases import Database


def test_other_programs_files_are_read_by_the_names_of_the_tables(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    wanted = petrec("audit", "--format", "json", dsn=clinic.dsn)
    (tmp_path / "raw").mkdir()
    with clinic.connect() as connection:
        for name in ("recordings", "pets", "appointments", "appointment_pets"):
            with (
                (tmp_path / "raw" / f"{name}.csv").open("wb") as out,
                connection.cursor().copy(f"COPY {name} TO STDOUT (FORMAT csv, HEADER)") as rows,
            ):
                for block in rows:
                    out.write(block)
    for source in ("raw", "raw/{table}.csv"):
        found = petrec("audit", "--format", "json", "--source", source)
        assert answers(found.out) == answers(wanted.out), found.err
        assert "no manifest" in found.out
        assert json.loads(found.out)["database"] == source


@pytest.mark.few(1)
@pytest.mark.parametrize("nothing", ["NULL", r"\N", " "])
def test_csv_files_say_null_as_their_programs_do_and_have_moments(
    petrec: Petrec, tmp_path: Path, nothing: str
) -> None:
    rows = f"r1, p1,a1,2026-01-01\nr2,{nothing},a1,2026-02-01\nr3,p9,a1,2026-02-02\n"
    texts = {
        "recordings": f"id,pet_id,appointment_id,created_at\n{rows}",
        "pets": "id\np1\n",
        "appointments": "id\na1\n",
        "appointment_pets": "appointment_id,pet_id\na1,p1\n",
    }
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text)
    found = json.loads(petrec("audit", "--format", "json", "--source", ".").out)
    counts = {kind["id"]: kind["count"] for kind in found["kinds"] if kind["count"]}
    assert counts == {"ok": 1, "missing_inferable": 1, "dangling_pet": 1}
    since = ("validate", "--source", ".", "--since", "2026-02-02", "--format", "json")
    ended = petrec(*since)
    assert json.loads(ended.out)["total"] == 1, ended.err
    # Tables without rows.
    for name, text in texts.items():
        (tmp_path / f"{name}.csv").write_text(text.splitlines()[0] + "\n")
    assert petrec("audit", "--source", ".").code == 5
