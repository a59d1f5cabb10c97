"""Export and import stream: their memory does not grow with the number of cases."""

from pathlib import Path

import pytest

from tests.integration.review.many import fill
from tests.plugins.case_files import FIRST, decide, read_csv
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.memory import peak_kib


@pytest.mark.long
@pytest.mark.parametrize(
    ("suffix", "few", "many"),
    [
        ("csv", 500, 8_000),
        pytest.param("xlsx", 500, 4_000, marks=pytest.mark.full),
        pytest.param("csv", 20_000, 100_000, marks=pytest.mark.full),
        pytest.param("xlsx", 20_000, 100_000, marks=pytest.mark.full),
    ],
)
def test_memory_does_not_grow_with_the_cases(
    database: MakeDatabase, tmp_path: Path, suffix: str, few: int, many: int
) -> None:
    peaks = []
    for count in (few, many):
        made = database("empty")
        with made.connect() as connection:
            fill(connection, count)
        file = f"{count}.{suffix}"
        peaks.append(peak_kib(tmp_path, made.dsn, "review", "export", file, "-q"))
        if suffix == "csv":
            assert len(read_csv(tmp_path / f"{count}.csv")) == count
    assert peaks[1] - peaks[0] < 6 * 1024, peaks


@pytest.mark.full
@pytest.mark.timeout(1800)
def test_memory_does_not_grow_with_the_decisions(
    petrec: Petrec, database: MakeDatabase, tmp_path: Path
) -> None:
    peaks = []
    # The recordings of 50,000 lines are read at once; fewer waves leave the allocator room to grow.
    for count in (150_000, 300_000):
        made = database("empty")
        with made.connect() as connection:
            fill(connection, count)
            connection.execute("ANALYZE")
        file = tmp_path / f"{count}.csv"
        assert petrec("review", "export", str(file), dsn=made.dsn).code == 0
        decide(file, lambda _: dict(FIRST))
        imported = ("review", "import", str(file), "--apply", "--yes", "-q")
        peaks.append(peak_kib(tmp_path, made.dsn, *imported))
        left = made.execute("SELECT count(*) FROM recordings WHERE pet_id IS NULL")
        assert left == [(0,)]
    assert peaks[1] - peaks[0] < 8 * 1024, peaks


def test_tables_without_optional_columns(
    petrec: Petrec, empty_database: Database, tmp_path: Path
) -> None:
    with empty_database.connect() as connection:
        fill(connection, 40)
        connection.execute("UPDATE recordings SET pet_id = 9, appointment_id = 2 WHERE id = 1")
        connection.execute("UPDATE recordings SET pet_id = 99 WHERE id = 2")
        connection.execute("UPDATE recordings SET appointment_id = 99 WHERE id = 3")
        connection.execute("INSERT INTO appointments VALUES (500)")
        connection.execute("UPDATE recordings SET appointment_id = 500 WHERE id = 4")
        connection.execute("UPDATE recordings SET appointment_id = NULL WHERE id = 5")
        connection.execute("UPDATE recordings SET appointment_id = 99, pet_id = 3 WHERE id = 6")
    dsn = empty_database.dsn
    assert petrec("review", "export", "cases.csv", dsn=dsn).code == 0
    open_kinds = {"missing_no_appointment", "missing_no_pets", "missing_dangling_appointment"}

    def choose(row: dict[str, str]) -> dict[str, str]:
        if row["kind"] in open_kinds:
            return {"decision": "other", "other_pet_id": "7", "reviewer": "Ada"}
        return {"decision": "1", "reviewer": "Ada"}

    decided = decide(tmp_path / "cases.csv", choose)
    applied = petrec("review", "import", str(decided), "--apply", "--yes", dsn=dsn)
    assert applied.code == 0, applied.out + applied.err
    assert petrec("audit", dsn=dsn).code == 0
