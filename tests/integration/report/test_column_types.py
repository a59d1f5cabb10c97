"""Columns of other types than the contract's, and odd values in those of its own.

Every question about a column is answered as far as the column can be read; what cannot be read is
left out by name, and nothing else goes missing.
"""

import csv
import io
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import msgspec
import pytest

from petrec.features.report.result import PastRun, ReportResult
from petrec.features.report.series import trend
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase

FORMS = ("--html", "r.html", "--email", "r.eml", "--markdown", "r.md", "--json", "r.json",
         "--prometheus", "r.prom")  # fmt: skip
RECENT = """
    UPDATE recordings SET created_at = now() - interval '3 days';
    UPDATE recordings SET created_at = now() WHERE id IN
        (SELECT id FROM recordings WHERE status = 'uploaded' ORDER BY id LIMIT 40);
    UPDATE api_logs SET created_at = now() - interval '1 day';
"""
MADE = "extract(epoch FROM created_at)::bigint"
# Table, column, type, USING, whether uploads and refusals per day can be read, whether --since can.
TYPES = {
    "status_enum": ("recordings", "status", "stat", "'DONE'", False, True, True),
    "status_enum_with_the_word": ("recordings", "status", "word", "'uploaded'", True, True, True),
    "status_domain": ("recordings", "status", "short_text", "status", True, True, True),
    "status_char": ("recordings", "status", "character(20)", "status", True, True, True),
    "status_smallint": ("recordings", "status", "smallint", "1", False, True, True),
    "status_boolean": ("recordings", "status", "boolean", "true", False, True, True),
    "status_jsonb": ("recordings", "status", "jsonb", "'{}'", False, True, True),
    "status_array": ("recordings", "status", "text[]", "'{}'", False, True, True),
    "created_date": ("recordings", "created_at", "date", "created_at", True, True, True),
    "created_plain": ("recordings", "created_at", "timestamp(0)", "created_at", True, True, True),
    "created_domain": ("recordings", "created_at", "instant", "created_at", True, True, True),
    "created_domains": ("recordings", "created_at", "moment", "created_at", True, True, True),
    "created_epoch": ("recordings", "created_at", "bigint", MADE, False, True, False),
    "created_numeric": ("recordings", "created_at", "numeric", "'NaN'", False, True, False),
    "created_text": ("recordings", "created_at", "text", "'last week'", False, True, False),
    "created_time": ("recordings", "created_at", "time", "created_at::time", False, True, False),
    "created_interval": ("recordings", "created_at", "interval", "'1 day'", False, True, False),
    "created_dated_text": ("recordings", "created_at", "date_text", "'soon'", False, True, False),
    "logs_text": ("api_logs", "created_at", "text", "created_at::text", True, False, True),
    "logs_epoch": ("api_logs", "created_at", "bigint", MADE, True, False, True),
    "logs_enum": ("api_logs", "error_code", "stat", "'DONE'", True, False, True),
    "logs_number": ("api_logs", "error_code", "integer", "7", True, False, True),
    "duration_interval": ("recordings", "duration_seconds", "interval", "'2 min'",
                          True, True, True),
    "duration_numeric": ("recordings", "duration_seconds", "numeric", "'NaN'", True, True, True),
    "appointment_date": ("appointments", "appointment_date", "date", "appointment_date",
                         True, True, True),
    "appointment_epoch": ("appointments", "appointment_date", "bigint", "7", True, True, True),
    "appointment_text": ("appointments", "appointment_date", "text", "'morning'",
                         True, True, True),
    "title_number": ("appointments", "title", "integer", "7", True, True, True),
}  # fmt: skip


def prepare(clinic: Database, table: str, column: str, kind: str, using: str) -> None:
    clinic.execute(RECENT)
    clinic.execute("""
        CREATE TYPE stat AS ENUM ('PENDING', 'DONE');
        CREATE TYPE word AS ENUM ('new', 'uploaded');
        CREATE DOMAIN short_text AS varchar(20) CHECK (length(VALUE) > 1);
        CREATE DOMAIN date_text AS text;
        CREATE DOMAIN instant AS timestamptz CHECK (
            VALUE NOT BETWEEN now() - interval '60 hours' AND now() - interval '30 hours');
        CREATE DOMAIN day AS timestamp(0);
        CREATE DOMAIN moment AS day""")
    clinic.execute(f"ALTER TABLE {table} ALTER {column} DROP DEFAULT")
    changed = f"ALTER {column} TYPE {kind} USING ({using})::{kind}"
    clinic.execute(f"ALTER TABLE {table} {changed}")


def test_the_word_that_an_enum_lacks_is_named_as_in_sql(petrec: Petrec, clinic: Database) -> None:
    prepare(clinic, *TYPES["status_enum"][:4])
    ended = petrec("report", "--no-history", "--fail-level", "never", dsn=clinic.dsn)
    assert "which cannot be 'uploaded'" in ended.out + ended.err


def result_in(directory: Path) -> ReportResult:
    return msgspec.json.decode((directory / "r.json").read_bytes(), type=ReportResult)


@pytest.mark.few(2)
@pytest.mark.parametrize("name", TYPES)
def test_only_the_columns_own_question_is_left_out(
    petrec: Petrec, clinic: Database, tmp_path: Path, name: str
) -> None:
    table, column, kind, using, uploads, refusals, windowed = TYPES[name]
    prepare(clinic, table, column, kind, using)
    made = petrec("report", *FORMS, "--no-history", "--fail-level", "never", dsn=clinic.dsn)
    assert (made.code, made.err) == (0, "")
    result = result_in(tmp_path)
    assert result.audit.findings == 708
    assert (result.uploads is not None, result.rejected is not None) == (uploads, refusals)
    assert any(f"{table}.{column} is" in each for each in result.remarks) != (uploads and refusals)
    for page in ("r.html", "r.eml", "r.md"):
        told = (tmp_path / page).read_text().replace("\\_", "_").replace("=\n", "")
        assert all(remark.partition(" is ")[0] in told for remark in result.remarks), page
    if uploads:
        assert sum(day.total for day in result.uploads or ()) == 2000
        assert sum(day.uploaded for day in result.uploads or ()) > 0
    exported = petrec("review", "export", "c.csv", "c.html", dsn=clinic.dsn)
    assert (exported.code, exported.err) == (0, "")
    window = petrec("validate", "--since", "2d", dsn=clinic.dsn)
    assert window.code == (1 if windowed else 2), window.out + window.err
    if not windowed:
        assert f"{table}.{column}" in window.err


ODD = {
    "timestamptz": ("infinity", "-infinity", "12000-01-01", "290000-01-01", "0044-03-15 BC"),
    "timestamp": ("infinity", "-infinity", "12000-01-01", "290000-01-01", "0044-03-15 BC"),
    "date": ("infinity", "-infinity", "12000-01-01", "5800000-01-01", "0044-03-15 BC"),
}


@pytest.mark.few(2)
@pytest.mark.matrix
@pytest.mark.parametrize("kind", ODD)
def test_odd_dates_are_counted_apart(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster, tmp_path: Path, kind: str
) -> None:
    clinic = database("clinic", any_cluster)
    prepare(clinic, "recordings", "created_at", kind, "created_at")
    clinic.execute(f"ALTER TABLE api_logs ALTER created_at TYPE {kind}")
    clinic.execute(f"ALTER TABLE appointments ALTER appointment_date TYPE {kind}")
    tomorrow = clinic.execute("SELECT (now() + interval '26 hours')::text")[0][0]
    odd = [*ODD[kind], tomorrow]
    doubtful = [row[0] for row in clinic.execute("""
        SELECT r.id FROM recordings r JOIN appointment_pets USING (appointment_id)
        WHERE r.pet_id IS NULL GROUP BY r.id HAVING count(*) > 1 ORDER BY r.id""")]  # fmt: skip
    for number, value in enumerate(odd):
        marked = doubtful[number]
        clinic.execute("UPDATE recordings SET created_at = %s WHERE id = %s", (value, marked))
        clinic.execute("UPDATE recordings SET duration_seconds = 'NaN' WHERE id = %s", (marked,))
        clinic.execute(
            """
            UPDATE appointments SET appointment_date = %s
            WHERE id = (SELECT appointment_id FROM recordings WHERE id = %s)""",
            (value, marked),
        )
        clinic.execute("""UPDATE api_logs SET created_at = %s
            WHERE error_code = 'pet_not_in_appointment' AND id IN (SELECT id FROM api_logs
            WHERE error_code = 'pet_not_in_appointment' ORDER BY id OFFSET %s LIMIT 1)
            """, (value, number))  # fmt: skip
    made = petrec("report", *FORMS, "--no-history", dsn=clinic.dsn)
    assert (made.code, made.err) == (1, "")
    result = result_in(tmp_path)
    today = result.audit.taken_at.date()
    assert {day.day for day in result.uploads or ()} == {today, today - timedelta(days=3)}
    assert sum(day.total for day in result.uploads or ()) == 2000 - len(odd)
    assert f"{len(odd)} recordings" in result.remarks[0]
    assert f"{len(odd)} refused requests" in result.remarks[1]
    assert petrec("review", "export", "c.csv", "c.xlsx", "c.html", dsn=clinic.dsn).code == 0
    text = (tmp_path / "c.csv").read_text("utf-8-sig")
    shown = {row["created_at"] for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert {"infinity", "'-infinity"} <= shown
    for form in ("csv", "jsonl"):
        rows = petrec("audit", "--rows", "missing_ambiguous", "--format", form, dsn=clinic.dsn)
        assert (rows.code, len(rows.out.splitlines()) >= 160) == (1, True)
    ended = petrec("validate", "--since", "2d", "--format", "json", dsn=clinic.dsn)
    # What is dated after the start is in the window, however odd: it was never checked before.
    late = "SELECT count(*) FROM recordings WHERE created_at >= (now() - interval '2 days')::{}"
    assert (ended.code, json.loads(ended.out)["total"]) == (
        1,
        *clinic.execute(late.format(kind))[0],
    )
    imported = petrec("review", "import", "c.csv", "c.xlsx", dsn=clinic.dsn)
    assert (imported.code, imported.err) == (0, "")


def test_runs_of_a_wrong_clock_do_not_hide_the_present_one() -> None:
    now = datetime(2026, 3, 5, 4, 0, tzinfo=UTC)
    odd = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
    taken = (*odd, now - timedelta(days=1), now)
    runs = [PastRun(at, 100, 0, {"mismatched": n}) for n, at in enumerate(taken)]
    points, weekly = trend(runs, 90)
    assert [(point.day, point.findings) for point in points] == [
        (date(2026, 3, 4), 2), (date(2026, 3, 5), 3)
    ]  # fmt: skip
    assert not weekly
