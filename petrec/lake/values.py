"""Values of an engine in the forms that PostgreSQL gives them: as text, and in JSON."""

import json
import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import Any

# In an array such a text is quoted: https://www.postgresql.org/docs/current/arrays.html
_QUOTED = re.compile(r'[{}",\\\s]|^null$', re.IGNORECASE)


def text_of(value: Any) -> str | None:
    """Return a value as PostgreSQL's text format has it."""
    match value:
        case None | str():
            return value
        case bool():
            return "t" if value else "f"
        case datetime():
            return _moment(value, " ")
        case list() | tuple():
            return "{" + ",".join(map(_element, value)) + "}"
        case float() if value.is_integer():
            return str(int(value))
    return str(value)


def json_line(names: Sequence[str], row: Iterable[Any]) -> str:
    """Return a row as PostgreSQL writes it as JSON."""
    fields = {name: _plain(value) for name, value in zip(names, row, strict=True)}
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))


def _plain(value: Any) -> Any:
    match value:
        case datetime():
            text = _moment(value, "T")
            return text if value.tzinfo is None else f"{text}:00"
        case list() | tuple():
            return [_plain(each) for each in value]
        case None | bool() | int() | float() | str():
            return value
        case date():
            return value.isoformat()
        case Decimal():
            return float(value)
    return str(value)


def _moment(value: datetime, between: str) -> str:
    """Return a moment without trailing zeros, with the offset of UTC where it has one."""
    text = value.strftime(f"%Y-%m-%d{between}%H:%M:%S").rjust(19, "0")
    fraction = f".{value.microsecond:06}".rstrip("0") if value.microsecond else ""
    return text + fraction + ("" if value.tzinfo is None else "+00")


def _element(value: Any) -> str:
    text = text_of(value)
    if text is None:
        return "NULL"
    if text and not _QUOTED.search(text):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
