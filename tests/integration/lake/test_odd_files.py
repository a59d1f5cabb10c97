"""Folders as other programs leave them: all rows are read, or the file in the way is named."""

from functools import cache
from pathlib import Path

import duckdb
import pytest

import petrec as api
from petrec.errors import PetrecError, SchemaMismatchError, UsageError
from petrec.lake.duckdb_extensions import open_s3
from tests.integration.lake.test_odd_csv import COUNTS, TABLES, counts, write

SEEN = "2026-01-01"


@cache
def writer() -> duckdb.DuckDBPyConnection:
    """Return a connection, which takes longer to open than a file to write."""
    return duckdb.connect()


def parquet(path: Path, query: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    writer().query(query).write_parquet(str(path))


@pytest.fixture
def lake(tmp_path: Path) -> Path:
    """The clinic as Parquet, a folder a table, with two files each."""
    write(tmp_path, {})
    for name in TABLES:
        csv = tmp_path / f"{name}.csv"
        rows = (
            f"(SELECT *, row_number() OVER () AS place FROM read_csv('{csv}', all_varchar = true))"
        )
        for half in (0, 1):
            query = f"SELECT * EXCLUDE place FROM {rows} WHERE place % 2 = {half}"
            parquet(tmp_path / name / f"{half}.parquet", query)
        csv.unlink()
    return tmp_path


def test_folders_are_read_as_a_whole(lake: Path) -> None:
    assert counts(lake) == counts(f"{lake}/{{table}}/*.parquet") == COUNTS
    # Marks of other programs, an empty part, a folder for each day, a table behind a link.
    (lake / "pets" / "_SUCCESS").touch()
    (lake / "pets" / ".part.crc").touch()
    parquet(lake / "pets" / "2.parquet", "SELECT 'x' AS id, 'y' AS owner_id WHERE false")
    day = lake / "recordings" / "day=2026-01-01"
    day.mkdir()
    (lake / "recordings" / "0.parquet").rename(day / "0.parquet")
    (lake / "appointments").rename(lake / "elsewhere")
    (lake / "appointments").symlink_to(lake / "elsewhere")
    assert counts(lake) == counts(f"{lake}/{{table}}/**/*.parquet") == COUNTS
    (lake / "pets").rename(lake / "pets.parquet")
    assert counts(lake) == COUNTS


def test_keys_in_the_names_of_folders_are_no_columns(lake: Path) -> None:
    for half in (0, 1):
        folder = lake / "pets" / f"deleted={half}"
        folder.mkdir()
        (lake / "pets" / f"{half}.parquet").rename(folder / f"{half}.parquet")
    assert counts(lake) == COUNTS
    (lake / "petrec.toml").write_text('[mapping.where]\npets = "deleted = 0"\n')
    with pytest.raises(SchemaMismatchError, match="no column deleted"):
        api.audit(api.connect_files(lake, config=lake / "petrec.toml"))


@pytest.mark.parametrize(
    ("table", "query", "said"),
    [
        ("recordings", f"SELECT 'r9' AS id, 'a1' AS appointment_id, '{SEEN}' AS created_at",
         r"2\.parquet has no column pet_id, but .*0\.parquet has"),
        ("recordings", "SELECT 'r9' AS id, 'p1' AS pet_id, 'a1' AS appointment_id",
         r"2\.parquet has no column created_at"),
        ("recordings", f"""SELECT 'r9' AS id, 'p1' AS pet_id, 'a1' AS appointment_id,
         '{SEEN}' AS created_at, 'v1' AS visit_id""", r"0\.parquet has no column visit_id"),
        ("pets", "SELECT 9 AS id, 'o1' AS owner_id",
         r"pets\.id is text in .*0\.parquet but bigint in .*2\.parquet"),
        ("pets", "SELECT 1.5::DOUBLE AS id, 'o1' AS owner_id", r"but double precision in .*2"),
        ("pets", "SELECT ['a'] AS id, 'o1' AS owner_id", r"pets\.id is text in .* but varchar\[\]"),
    ],
)  # fmt: skip
def test_a_file_with_other_columns_or_types_is_named(
    lake: Path, table: str, query: str, said: str
) -> None:
    parquet(lake / table / "2.parquet", query)
    with pytest.raises(SchemaMismatchError, match=said):
        counts(lake)


def test_columns_that_petrec_does_not_read_may_come_later(lake: Path) -> None:
    parquet(lake / "pets" / "2.parquet", "SELECT 'p9' AS id, 'o9' AS owner_id, true AS chipped")
    assert counts(lake) == COUNTS
    (lake / "petrec.toml").write_text('[mapping.where]\npets = "chipped IS NOT TRUE"\n')
    with pytest.raises(SchemaMismatchError, match=r"0\.parquet has no column chipped"):
        api.audit(api.connect_files(lake, config=lake / "petrec.toml"))


def half_written(lake: Path) -> None:
    whole = (lake / "pets" / "0.parquet").read_bytes()
    (lake / "pets" / "0.parquet").write_bytes(whole[: len(whole) // 2])


def without_footer(lake: Path) -> None:
    (lake / "pets" / "0.parquet").write_bytes(b"PAR1" + b"\0" * 100 + b"PAR1")


def looped(lake: Path) -> None:
    (lake / "pets" / "more").symlink_to(lake / "pets")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (half_written, r"0\.parquet is not a Parquet file, or not a complete one"),
        (without_footer, r"DuckDB cannot read .*pets/0\.parquet"),
        (lambda lake: (lake / "pets" / "0.parquet").write_bytes(b""), "not a complete one"),
        (lambda lake: (lake / "pets" / "3.parquet").symlink_to("away"), "cannot read .*3.parquet"),
        (lambda lake: (lake / "pets" / "3.parquet").mkdir(), None),
        (lambda lake: (lake / "pets" / "3.parquet.gz").touch(), r"3\.parquet\.gz is not named"),
        (lambda lake: (lake / "pets" / "3.csv").touch(), "files of several formats"),
        (lambda lake: (lake / "pets.csv").write_text("id\n"), "pets is there twice"),
        (
            lambda lake: [f.unlink() for f in (lake / "pets").iterdir()],
            "has no files of table pets",
        ),
        (looped, "more leads to files that .*pets has elsewhere"),
    ],
)
def test_what_is_in_the_way_is_named(lake: Path, change: object, said: str | None) -> None:
    assert callable(change)
    change(lake)
    if said is None:
        assert counts(lake) == COUNTS
        return
    with pytest.raises(PetrecError, match=said):
        counts(lake)


def test_a_pattern_that_names_folders_or_nothing_is_refused(lake: Path) -> None:
    with pytest.raises(SchemaMismatchError, match="recordings is a directory"):
        counts(f"{lake}/{{table}}")
    with pytest.raises(SchemaMismatchError, match="no files of table recordings"):
        counts(f"{lake}/{{table}}/*.csv")


@pytest.mark.parametrize(
    ("endpoint", "said"),
    [
        ("http://user:s3cret@[bad", "is not an http or https URL"),
        ("http://:s3cret@store", "is not an http or https URL"),
        ("http://store:port", "is not an http or https URL"),
        ("store:8333", "is not an http or https URL"),
        ("https://store/of/several", "has more than a host and a port"),
        ("https://store?s3cret", "has more than a host and a port"),
    ],
)
def test_an_endpoint_that_duckdb_cannot_use_is_refused(endpoint: str, said: str) -> None:
    with duckdb.connect() as connection, pytest.raises(UsageError, match=said) as refused:
        open_s3(connection, {"AWS_ENDPOINT_URL": endpoint})
    assert "s3cret" not in str(refused.value)
    assert refused.value.__context__ is None


def test_an_endpoint_is_host_and_port() -> None:
    with duckdb.connect() as connection:
        for endpoint in ("https://[::1]:8333", "https://[::1]:8333/"):
            open_s3(connection, {"AWS_ENDPOINT_URL": endpoint})
            (found,) = connection.query("SELECT current_setting('s3_endpoint')").fetchall()
            assert found == ("[::1]:8333",)
