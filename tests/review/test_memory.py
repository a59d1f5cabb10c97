"""An export streams: its memory does not grow with the number of cases."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.command import Completed, environment
from tests.plugins.databases import Database
from tests.review.files import decide, read_csv
from tests.review.many import fill

# The process's own peak, in KiB, after the export.
MEASURED = """
import resource, sys
sys.argv = ["petrec", "review", "export", sys.argv[1], "-q"]
from petrec.__main__ import main
try:
    main()
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def peak_kib(database: Database, file: Path) -> int:
    ended = subprocess.run(
        [sys.executable, "-c", MEASURED, str(file)], capture_output=True, text=True, check=True,
        env=environment(PETREC_DATABASE_URL=database.dsn),
    )  # fmt: skip
    return int(ended.stderr.split()[-1])


@pytest.mark.parametrize(
    ("suffix", "few", "many"),
    [
        ("csv", 2_000, 30_000),
        ("xlsx", 500, 6_000),
        pytest.param("csv", 20_000, 100_000, marks=pytest.mark.full),
        pytest.param("xlsx", 20_000, 100_000, marks=pytest.mark.full),
    ],
)
def test_export(
    database: Callable[..., Database], tmp_path: Path, suffix: str, few: int, many: int
) -> None:
    peaks = []
    for count in (few, many):
        made = database("empty")
        with made.connect() as connection:
            fill(connection, count)
        peaks.append(peak_kib(made, tmp_path / f"{count}.{suffix}"))
        if suffix == "csv":
            assert len(read_csv(tmp_path / f"{count}.csv")) == count
    assert peaks[1] - peaks[0] < 6 * 1024, peaks


def test_tables_without_optional_columns(
    petrec: Callable[..., Completed], empty_database: Database, tmp_path: Path
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
