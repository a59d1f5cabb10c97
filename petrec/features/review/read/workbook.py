"""The cells of an .xlsx file as texts, row by row.

Time and memory depend on the number of cells: a single cell in the last row costs one cell.
"""

import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Self
from zipfile import ZipFile

from petrec.extras import need_extra

_CONTROL = re.compile("_x(00[01][0-9A-Fa-f])_")
# A sheet's XML may have a prefix for its names.
_FORMULA = re.compile(rb"<(\w{1,20}:)?f[\s/>]")
_NO_TYPE = "n"
_BLOCK, _LONGEST_TAG = 1 << 16, 32
_EXACT = 2**53
_MOST_ROWS = 1_048_576
# A sheet's XML takes 10 to 30 times its compressed size; deflate can do a thousand.
_SUSPICIOUS_BYTES, _SUSPICIOUS_RATIO = 50_000_000, 100


class Damaged(Exception):  # noqa: N818 - what a file is, rather than what happened
    """A file that is not a valid workbook."""


class Workbook:
    """An open .xlsx file; all methods raise Damaged, and the first UsageError without openpyxl."""

    def __init__(self, path: Path) -> None:
        need_extra("a workbook", "xlsx", "openpyxl")
        # openpyxl warns of what it would not write again: the colours of a column, a picture.
        warnings.filterwarnings("ignore", module="openpyxl")
        self._file = path.open("rb")
        try:
            with _damaged():
                self._sheets = _sheets(self._file, values=True)
                self._formulas = _sheets(self._file, values=False) if _computes(self._file) else {}
        except BaseException:
            self._file.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    @property
    def sheet_names(self) -> tuple[str, ...]:
        """Return the names of the sheets that have cells, in order."""
        return tuple(self._sheets)

    def rows(self, name: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that have any value: number, and cells up to the last such value."""
        with _damaged():
            for number, values in enumerate(self._values(name), start=1):
                if number > _MOST_ROWS:
                    raise Damaged(f"the sheet {name} has more rows than a sheet can have")
                cells = _texts(values) if values else []
                if cells:
                    yield number, cells

    def _values(self, name: str) -> Iterator[Iterable[object]]:
        """Yield the values of each row; a formula that nothing has computed is its own text."""
        if name not in self._formulas:
            yield from self._sheets[name].values
            return
        rows = zip(self._sheets[name].rows, self._formulas[name].values, strict=True)
        for cells, formulas in rows:
            yield [_known(cell, formula) for cell, formula in zip(cells, formulas, strict=True)]


def _known(cell: Any, formula: object) -> object:
    # What has been computed as an empty text has a type; a formula over several cells is an object.
    if cell.value is not None or cell.data_type != _NO_TYPE:
        return cell.value
    return getattr(formula, "text", formula)


def _computes(file: BinaryIO) -> bool:
    """Return whether any sheet has a formula; most have none, and a second reading costs time."""
    with ZipFile(file) as archive:
        sheets = [name for name in archive.namelist() if name.startswith("xl/worksheets/")]
        return any(_has_formula(archive, name) for name in sheets)


def _has_formula(archive: ZipFile, name: str) -> bool:
    before = b""
    with archive.open(name) as sheet:
        while block := sheet.read(_BLOCK):
            if _FORMULA.search(before + block):
                return True
            before = block[-_LONGEST_TAG:]
    return False


def _sheets(file: BinaryIO, *, values: bool) -> dict[str, Any]:
    """Return the sheets by name, with the values of formulas or the formulas themselves."""
    from openpyxl import load_workbook  # noqa: PLC0415 - an extra

    _refuse_bomb(file)
    book = load_workbook(file, read_only=True, data_only=values, keep_links=False)
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if not sheets:
        raise Damaged("it has no sheets; save it as 'Excel Workbook', not as 'Strict Open XML'")
    for sheet in sheets.values():
        # Otherwise each row would be as wide as the sheet.
        sheet.reset_dimensions()
    return sheets


def _refuse_bomb(file: BinaryIO) -> None:
    """Refuse a large archive by its declared sizes, which zipfile does not exceed."""
    with ZipFile(file) as archive:
        items = archive.infolist()
    size, packed = sum(i.file_size for i in items), sum(i.compress_size for i in items)
    if size > _SUSPICIOUS_BYTES and size > _SUSPICIOUS_RATIO * packed:
        raise Damaged(
            f"it is too large: {size:,} bytes uncompressed; save it again in a spreadsheet"
        )


def _texts(values: Iterable[object]) -> list[str]:
    cells = [_text(value) for value in values]
    while cells and not cells[-1]:
        del cells[-1]
    return cells


def _text(value: object) -> str:
    """Return a value without loss; an inexact number gets an exponent, so it is never an id."""
    if value is None:
        return ""
    if isinstance(value, str):
        return _CONTROL.sub(lambda found: chr(int(found[1], 16)), value)
    if isinstance(value, int | float):
        if float(value).is_integer() and abs(value) < _EXACT:
            return str(int(value))
        return f"{value:E}"
    return str(value).removesuffix(" 00:00:00")


@contextmanager
def _damaged() -> Iterator[None]:
    """Return the error of an invalid workbook, whatever the reader has raised."""
    try:
        yield
    except Damaged:
        raise
    except Exception as error:
        raise Damaged(str(error) or type(error).__name__) from error
