"""Reports on every shape of the clinic, on every server, by a role that may only read."""

import functools
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import psycopg
import pytest

from petrec.features.report.history import compared_in_database, compared_in_file
from petrec.features.report.result import Movement, ReportResult
from tests.integration.report.simulation import engine_of, report_on
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.memory import peak_kib
from tests.plugins.templates import DATA, SHAPES

FILES = (
    "--html", "r.html", "--email", "r.eml", "--markdown", "r.md", "--json", "r.json",
    "--prometheus", "r.prom",
)  # fmt: skip


def result_in(directory: Path) -> ReportResult:
    return msgspec.json.decode((directory / "r.json").read_bytes(), type=ReportResult)


def config(shape: str) -> tuple[str, ...]:
    path = DATA / "shapes" / f"{shape}.toml"
    return ("--config", str(path)) if path.exists() else ()


@pytest.mark.few(2)
@pytest.mark.parametrize("shape", SHAPES)
def test_a_report_of_every_shape_names_its_examples(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path, shape: str
) -> None:
    made = database(shape)
    assert petrec("report", *FILES, *config(shape), dsn=made.dsn).code == 1
    first = result_in(tmp_path)
    assert first.moved is None
    assert first.audit.findings > 0
    kinds = {kind.id for kind in first.audit.kinds[1:] if kind.count}
    assert {example.kind for example in first.examples} == kinds
    assert all(e.recording_id and e.file.startswith("visit_recording_") for e in first.examples)
    assert any(e.pet for e in first.examples)
    assert any(e.appointment for e in first.examples)
    if shape in {"renamed", "partitioned"}:
        assert petrec("report", *FILES, *config(shape), dsn=made.dsn).code == 1
        assert result_in(tmp_path).moved == {}


@pytest.mark.matrix
def test_movements_are_counted_on_every_server(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster, tmp_path: Path
) -> None:
    clinic = database("clinic", any_cluster)
    assert petrec("report", *FILES, "--record", dsn=clinic.dsn).code == 1
    clinic.execute("DELETE FROM recordings WHERE pet_id IS NULL AND appointment_id IS NULL")
    assert petrec("report", *FILES, "--record", dsn=clinic.dsn).code == 1
    assert result_in(tmp_path).moved == {"missing_no_appointment": Movement(0, 20, 0)}


def test_select_is_enough(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    role = f"watcher_{clinic.name}"
    clinic.execute(f"CREATE ROLE {role} LOGIN")
    for table in ("recordings", "pets", "appointments", "appointment_pets"):
        clinic.execute(f"GRANT SELECT ON {table} TO {role}")
    dsn = clinic.cluster.dsn(clinic.name, role)
    assert petrec("report", *FILES, dsn=dsn).code == 1
    result = result_in(tmp_path)
    assert result.rejected is None
    assert result.uploads is not None
    assert "api_logs" in (tmp_path / "r.html").read_text()
    clinic.execute(f"GRANT SELECT ON api_logs TO {role}")
    assert petrec("report", *FILES, dsn=dsn).code == 1
    assert result_in(tmp_path).rejected is not None
    with clinic.connect(user=role) as connection, pytest.raises(psycopg.Error):
        connection.execute("DELETE FROM recordings")


def test_columns_that_are_not_there(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    clinic.execute("ALTER TABLE recordings DROP created_at, DROP original_filename, DROP status")
    clinic.execute("DROP TABLE api_logs")
    clinic.execute("ALTER TABLE pets DROP name")
    assert petrec("report", *FILES, dsn=clinic.dsn).code == 1
    result = result_in(tmp_path)
    assert (result.uploads, result.rejected) == (None, None)
    assert result.examples


def test_backfills_are_marked(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    assert petrec("report", *FILES, dsn=clinic.dsn).code == 1
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0
    assert petrec("report", *FILES, dsn=clinic.dsn).code == 1
    result = result_in(tmp_path)
    assert [(m.run, m.action, m.changed) for m in result.backfills] == [(1, "backfill", 395)]
    assert result.moved == {"missing_inferable": Movement(0, 395, 0)}
    assert petrec("runs", "undo", "1", "--yes", dsn=clinic.dsn).code == 0
    assert petrec("report", *FILES, dsn=clinic.dsn).code == 1
    assert result_in(tmp_path).moved == {"missing_inferable": Movement(0, 0, 395)}
    page = (tmp_path / "r.html").read_text()
    assert "backfill 1 on " in page
    assert "undo 2 on " in page


def test_the_window_counts_the_uploads_of_its_days(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    clinic.execute("UPDATE recordings SET created_at = now() - interval '10 days'")
    clinic.execute("UPDATE recordings SET created_at = now(), status = 'failed' WHERE id = %s",
                   clinic.execute("SELECT min(id::text) FROM recordings")[0])  # fmt: skip
    for days, total in ((7, 1), (30, 2000)):
        assert petrec("report", *FILES, "--days", str(days), dsn=clinic.dsn).code == 1
        uploads = result_in(tmp_path).uploads or ()
        assert sum(day.total for day in uploads) == total
        assert uploads[-1].uploaded == 0


MANY = """
INSERT INTO recordings SELECT (r).* FROM (
    SELECT jsonb_populate_record(
        NULL::recordings,
        to_jsonb(one) || jsonb_build_object('id', gen_random_uuid(), 'pet_id', NULL)
    ) AS r FROM (SELECT * FROM recordings WHERE pet_id IS NULL LIMIT 1) one,
    generate_series(1, %s)
) made
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("number", "keepers"),
    [(10_000, [()]), pytest.param(1_000_000, [(), ("--record",)], marks=pytest.mark.full)],
    ids=["small", "million"],
)
def test_memory_does_not_grow_with_the_findings(
    clinic: Database, tmp_path: Path, number: int, keepers: list[tuple[str, ...]]
) -> None:
    """Memory and pages do not grow with the findings; both histories count them all."""
    few = peak_kib(tmp_path, clinic.dsn, "report", *FILES, "--no-history", code=1)
    clinic.execute(MANY, (number,))
    clinic.execute("ANALYZE recordings")
    for keep in keepers:
        command = ("report", *FILES, *keep)
        peaks = [peak_kib(tmp_path, clinic.dsn, *command, code=1) for _ in range(2)]
        assert max(peaks) < few + 16 * 1024
        result = result_in(tmp_path)
        assert result.audit.findings == 708 + number
        assert result.moved == {}
    assert (tmp_path / "r.html").stat().st_size < 300_000
    assert (tmp_path / "r.eml").stat().st_size < 100_000
    with (tmp_path / "petrec-history.txt").open() as file:
        lines = sum(1 for _ in file)
    assert lines == 1 + 708 + number + 2 + 1
    assert (tmp_path / "petrec-history.txt").stat().st_size < 2_000 + 64 * (708 + number)


def test_both_histories_agree(clinic: Database, tmp_path: Path) -> None:
    from petrec.features.runs.journal.install import install_journal

    changes = (
        "SELECT 1",
        "UPDATE recordings SET pet_id = NULL WHERE id::text < '3'",
        "DELETE FROM recordings WHERE id::text < '1'",
        "UPDATE recordings SET appointment_id = NULL WHERE id::text > 'd'",
        "UPDATE recordings r SET pet_id = (SELECT min(pet_id::text)::uuid FROM appointment_pets a"
        " WHERE a.appointment_id = r.appointment_id) WHERE id::text < '3'",
        "UPDATE recordings SET pet_id = NULL WHERE id::text < '2'",
    )
    with engine_of(clinic) as engine:
        install_journal(engine, "history")
        for number, change in enumerate(changes):
            clinic.execute(change)
            at = datetime(2025, 9, 1 + number, tzinfo=UTC)
            told = [
                report_on(engine, at, functools.partial(compared_in_file, tmp_path / "h.txt")),
                report_on(engine, at, functools.partial(compared_in_database, engine)),
            ]
            assert told[0].moved == told[1].moved
            assert told[0].trend == told[1].trend
            assert told[0].verdict == told[1].verdict
        assert sum((told[0].moved or {}).values(), Movement()).reappeared > 0
