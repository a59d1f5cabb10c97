"""Sizes are read as PostgreSQL writes them, and an index is no larger than its table."""

import pytest

from petrec.features.constraints.disk import index_bytes, to_bytes
from tests.plugins.catalogs import catalog, table, the


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("20", 20), ("7B", 7), ("1k", 1024), ("1.5 kB", 1536), (" 2mb ", 2 * 1024**2),
        ("3GiB", 3 * 1024**3), ("4T", 4 * 1024**4),
    ],
)  # fmt: skip
def test_a_size_has_a_unit_of_1024(text: str, size: int) -> None:
    assert to_bytes(text) == size


@pytest.mark.parametrize("text", ["", "GB", "-1", "1 PB", "1,5 GB"])
def test_what_is_no_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not a size such as 20GB"):
        to_bytes(text)


def test_an_entry_of_an_index_is_aligned() -> None:
    # A header of 8 bytes, a pointer of 4, and each column in multiples of 8; 15 % are for pages.
    assert index_bytes(1000, 9, [16]) == pytest.approx(2 * 8192 + 32_200, abs=1)
    assert index_bytes(1000, 9, [1, 9]) == pytest.approx(2 * 8192 + 41_400, abs=1)
    assert index_bytes(0, 9, [16]) == 9


def test_an_index_of_a_table_that_nobody_analysed_is_as_large_as_the_table() -> None:
    wanted = the("idx_recordings_pet_id", catalog(table("recordings", rows=0, bytes=80_000)))
    (build,) = wanted.apply(wanted.judge())
    assert build.index_bytes == 80_000
