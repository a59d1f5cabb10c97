"""A plan promises no recording that a check of the table, which is NOT VALID, would refuse."""

import csv
import io
import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.command import Petrec
from tests.plugins.databases import Database

# A recording breaks the first check by its size, the second by its name; some break both.
BROKEN = """
WITH planned AS (SELECT r.id, row_number() OVER (ORDER BY r.ctid) AS n FROM recordings r
  WHERE r.pet_id IS NULL AND 1 = (SELECT count(*) FROM appointment_pets l
                                  WHERE l.appointment_id = r.appointment_id))
UPDATE recordings r SET
  file_size_bytes = CASE WHEN n % 3 = 0 THEN -1 ELSE 1 END,
  original_filename = CASE WHEN n % 5 = 0 THEN '' ELSE 'a.m4a' END
FROM planned p WHERE p.id = r.id;
-- Those that no run writes are refused by nothing.
UPDATE recordings SET file_size_bytes = -1 WHERE pet_id IS NOT NULL;
"""
CHECKS = """
ALTER TABLE recordings ADD CONSTRAINT sized CHECK (file_size_bytes >= 0) NOT VALID;
ALTER TABLE recordings ADD CONSTRAINT "na%med" CHECK (original_filename <> '' OR pet_id IS NULL)
  NOT VALID;
"""
# Of a plan in its order, by SQL that petrec had no part in: all, the first, the second, either.
COUNTED = """
SELECT count(*), count(*) FILTER (WHERE file_size_bytes < 0),
  count(*) FILTER (WHERE original_filename = ''),
  count(*) FILTER (WHERE file_size_bytes < 0 OR original_filename = '')
FROM (SELECT * FROM recordings r WHERE pet_id IS NULL AND 1 = (SELECT count(*)
    FROM appointment_pets l WHERE l.appointment_id = r.appointment_id)
  ORDER BY ctid LIMIT {limit}) p
"""
LINES = """
SELECT r.id::text, min(l.pet_id::text) FROM recordings r
JOIN appointment_pets l ON l.appointment_id = r.appointment_id
WHERE r.pet_id IS NULL GROUP BY r.id HAVING count(*) = 1 ORDER BY r.id
"""


@pytest.fixture
def broken(clinic: Database) -> Database:
    clinic.execute(BROKEN + CHECKS)
    return clinic


def _told(petrec: Petrec, clinic: Database, *words: str) -> dict[str, Any]:
    ended = petrec("backfill", *words, "--format", "json", dsn=clinic.dsn)
    assert ended.code in {0, 1}, ended.err
    return dict(json.loads(ended.out))


def _refusals(of: dict[str, Any]) -> tuple[int, dict[str, int | None]]:
    return of["recordings"], {check["name"]: check["recordings"] for check in of["checks"]}


@pytest.mark.parametrize("limit", ["ALL", "7", "100000"])
def test_a_plan_counts_each_refused_recording_once(
    petrec: Petrec, broken: Database, limit: str
) -> None:
    planned, sized, named, either = broken.execute(COUNTED.format(limit=limit))[0]
    assert 0 < either < planned
    assert (sized + named > either) == (limit != "7")
    words = () if limit == "ALL" else ("--limit", limit)
    plan = _told(petrec, broken, *words)
    assert _refusals(plan["refusals"]) == (either, {"na%med": named, "sized": sized})
    written = f"set the pet of {planned - either} recordings in public.recordings"
    title = f"{written}; checks would refuse {either} more"
    for form in ("table", "markdown", "github"):
        assert title in petrec("backfill", *words, "--format", form, dsn=broken.dsn).out
    done = _told(petrec, broken, *words, "--apply", "--yes")
    assert (done["run"]["changed"], done["refused"]) == (planned - either, either)


def test_a_plan_without_refusals_promises_all(petrec: Petrec, clinic: Database) -> None:
    clinic.execute(CHECKS + "UPDATE recordings SET file_size_bytes = 1, original_filename = 'a'")
    plan = petrec("backfill", dsn=clinic.dsn)
    ((planned, *_),) = clinic.execute(COUNTED.format(limit="ALL"))
    assert f"set the pet of {planned} recordings in public.recordings\n" in plan.out
    assert "would refuse" not in plan.out


def test_a_check_that_cannot_be_counted_leaves_the_number_open(
    petrec: Petrec, broken: Database
) -> None:
    planned, sized, named, either = broken.execute(COUNTED.format(limit="ALL"))[0]
    broken.execute("""CREATE FUNCTION fails(int) RETURNS bool LANGUAGE plpgsql IMMUTABLE AS
        $$ BEGIN RAISE 'no'; END $$;
        ALTER TABLE recordings ADD CONSTRAINT odd CHECK (public.fails(1)) NOT VALID""")
    plan = _told(petrec, broken)
    expected = {"na%med": named, "odd": None, "sized": sized}
    assert _refusals(plan["refusals"]) == (either, expected)
    shown = petrec("backfill", dsn=broken.dsn).out
    assert f"set the pet of at most {planned - either} recordings" in shown
    assert f"checks would refuse at least {either} more" in shown


def test_a_plan_of_a_file_promises_no_refused_line(
    petrec: Petrec, broken: Database, tmp_path: Path
) -> None:
    planned, sized, named, either = broken.execute(COUNTED.format(limit="ALL"))[0]
    text = io.StringIO()
    csv.writer(text).writerows([("recording_id", "pet_id"), *broken.execute(LINES)])
    (tmp_path / "plan.csv").write_text(text.getvalue())
    judged = _told(petrec, broken, "--plan", "plan.csv")
    assert judged["judgement"]["outcomes"] == {"holds": planned}
    expected = (either, {"na%med": named, "sized": sized})
    assert _refusals(judged["judgement"]["refusals"]) == expected
    shown = petrec("backfill", "--plan", "plan.csv", dsn=broken.dsn).out
    assert f"set the pet of {planned - either} recordings" in shown
    done = _told(petrec, broken, "--plan", "plan.csv", "--apply", "--yes")
    assert (done["run"]["changed"], done["run"]["skipped"]) == (planned - either, either)
