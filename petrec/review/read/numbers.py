"""Numbers in a sheet as texts: an id must come out as it stood there, or not at all."""

import re
from collections.abc import Set as AbstractSet
from datetime import datetime, timedelta
from xml.etree import ElementTree as ET

_EXACT = 2**53
# The first day of a sheet's calendar, which has a 29 February 1900: right from March 1900 on.
_EPOCH = datetime(1899, 12, 30)
_LAST_DAY = 2_958_466
_BUILT_IN = frozenset({*range(14, 23), *range(27, 37), *range(45, 48), *range(50, 59)})
_NOT_CODE = re.compile(r'"[^"]*"|\\.|\[(?![hms]+\])[^\]]*\]', re.IGNORECASE)


def number_text(value: float, *, is_date: bool) -> str:
    """Return a number without loss, a date as such; one that is inexact with an exponent."""
    if is_date and 0 <= value < _LAST_DAY:
        return str(_EPOCH + timedelta(days=value)).removesuffix(" 00:00:00")
    if value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    return f"{value:E}"


def date_styles(styles: ET.Element | None) -> AbstractSet[int]:
    """Return the numbers of the cell styles that show a number as a date or time."""
    if styles is None:
        return frozenset()
    formats = {
        int(each.attrib["numFmtId"])
        for each in styles.iterfind("{*}numFmts/{*}numFmt")
        if re.search("[dmyhs]", _NOT_CODE.sub("", each.attrib["formatCode"]), re.IGNORECASE)
    }
    cells = enumerate(styles.iterfind("{*}cellXfs/{*}xf"))
    return {n for n, cell in cells if int(cell.get("numFmtId", 0)) in formats | _BUILT_IN}
