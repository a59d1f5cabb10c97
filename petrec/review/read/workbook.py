"""The cells of an .xlsx file as texts, row after row.

Time and memory go with the cells that there are: a cell in the last row of a sheet costs one cell.
The parts that are read are those of ECMA-376, part 1, 18.3 (sheets), 18.4 (shared strings) and
18.8 (styles).
"""

import posixpath
import re
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, Self
from xml.etree import ElementTree as ET
from zipfile import BadZipFile, ZipFile

from petrec.review.read.numbers import date_styles, number_text

_RELATIONS = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}"
_STRICT_RELATIONS = "{http://purl.oclc.org/ooxml/officeDocument/relationships}"
_ESCAPED = re.compile("_x([0-9A-Fa-f]{4})_")
_MOST_COLUMNS = 16_384
# A sheet's XML takes 10 to 30 times its compressed size; deflate can do a thousand.
_SUSPICIOUS_BYTES, _SUSPICIOUS_RATIO = 50_000_000, 100


class Damaged(Exception):  # noqa: N818 - what a file is, rather than what happened
    """A file that is not a workbook, or not one that a spreadsheet has written."""


class Workbook:
    """An open .xlsx file; all methods raise Damaged."""

    def __init__(self, file: Path | BinaryIO) -> None:
        with _damaged():
            self._zip = ZipFile(file)
        try:
            with _damaged():
                self._refuse_bomb()
                self._parts = dict(self._sheets())
                self._dates = date_styles(self._root("styles"))
                self._shared = [_text(item) for item in self._elements("sharedStrings", "si")]
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def sheet_names(self) -> tuple[str, ...]:
        """Return the names of the sheets that have cells, in order."""
        return tuple(self._parts)

    def rows(self, name: str) -> Iterator[tuple[int, list[str]]]:
        """Yield the rows that have any value: number, and cells up to the last such value."""
        number = 0
        with _damaged():
            for row in self._stream(self._parts[name], "row"):
                number = int(row.get("r", number + 1))
                cells = self._cells(row)
                if cells:
                    yield number, cells

    def _cells(self, row: ET.Element) -> list[str]:
        cells: list[str] = []
        column = -1
        for cell in row:
            reference = cell.get("r")
            column = _column(reference) if reference else column + 1
            value = self._value(cell)
            if value:
                cells += [""] * (column + 1 - len(cells))
                cells[column] = value
        return cells

    def _value(self, cell: ET.Element) -> str:
        kind = cell.get("t", "n")
        if kind == "inlineStr":
            return _text(cell)
        value = next((child.text or "" for child in cell if _is(child, "v")), "")
        if not value:
            return ""
        if kind == "s":
            return self._shared[int(value)]
        if kind == "n":
            return number_text(float(value), is_date=int(cell.get("s", 0)) in self._dates)
        return _unescaped(value) if kind == "str" else value

    def _sheets(self) -> Iterator[tuple[str, str]]:
        package = self._targets("_rels/.rels")
        self._main = next(part for kind, part in package.values() if kind == "officeDocument")
        folder, file = posixpath.split(self._main)
        targets = self._targets(f"{folder}/_rels/{file}.rels")
        self._others = {kind: part for kind, part in targets.values() if kind != "worksheet"}
        for sheet in self._stream(self._main, "sheet"):
            key = sheet.get(f"{_RELATIONS}id") or sheet.get(f"{_STRICT_RELATIONS}id") or ""
            kind, part = targets.get(key, ("", ""))
            if kind == "worksheet":
                yield sheet.attrib["name"], part

    def _targets(self, part: str) -> dict[str, tuple[str, str]]:
        """Return kind and path of each part that a part refers to."""
        base = posixpath.dirname(posixpath.dirname(part))
        return {
            one.attrib["Id"]: (
                posixpath.basename(one.attrib["Type"]),
                posixpath.normpath(posixpath.join("/", base, one.attrib["Target"])).lstrip("/"),
            )
            for one in self._stream(part, "Relationship")
        }

    def _root(self, kind: str) -> ET.Element | None:
        part = self._others.get(kind)
        # Python's expat bounds the growth by entities and fetches nothing.
        return ET.fromstring(self._zip.read(part)) if part else None  # noqa: S314

    def _elements(self, kind: str, tag: str) -> Iterator[ET.Element]:
        part = self._others.get(kind)
        return self._stream(part, tag) if part else iter(())

    def _stream(self, part: str, tag: str) -> Iterator[ET.Element]:
        """Yield the elements of a name; each is emptied once the next is asked for."""
        with self._zip.open(part) as file:
            for _, element in ET.iterparse(file):  # noqa: S314 - as above
                if _is(element, tag):
                    yield element
                    element.clear()

    def _refuse_bomb(self) -> None:
        """The sizes are those that the archive states, beyond which zipfile does not read."""
        items = self._zip.infolist()
        size, packed = sum(i.file_size for i in items), sum(i.compress_size for i in items)
        if size > _SUSPICIOUS_BYTES and size > _SUSPICIOUS_RATIO * packed:
            raise Damaged(f"unpacked it would have {size:,} bytes; save it again in a spreadsheet")


def _is(element: ET.Element, tag: str) -> bool:
    return element.tag.rpartition("}")[2] == tag


def _column(reference: str) -> int:
    number = 0
    for letter in reference.rstrip("0123456789"):
        number = number * 26 + ord(letter) - ord("A") + 1
        if not 0 < number <= _MOST_COLUMNS:
            raise Damaged(f"there is no cell {reference}")
    return number - 1


def _text(element: ET.Element) -> str:
    """Join the runs of a text, without the readings that East Asian texts may have."""
    if len(element) == 1 and _is(element[0], "t"):
        return _unescaped(element[0].text or "")
    parts = [_text(child) for child in element if not _is(child, "rPh")]
    own = _unescaped(element.text or "") if _is(element, "t") else ""
    return own + "".join(parts)


def _unescaped(text: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), text) if "_x" in text else text


@contextmanager
def _damaged() -> Iterator[None]:
    try:
        yield
    except Damaged:
        raise
    except (BadZipFile, ET.ParseError, zlib.error, EOFError, OSError, RuntimeError) as error:
        raise Damaged(str(error) or type(error).__name__) from error
    except (KeyError, IndexError, ValueError, StopIteration) as error:
        raise Damaged("its parts do not fit together") from error
