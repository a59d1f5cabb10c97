"""Ids as people and spreadsheets write them, brought to the form that PostgreSQL writes."""

import re
import uuid
from typing import Any

from sqlalchemy import ColumnElement

_RANGES = {"smallint": 2**15, "integer": 2**31, "bigint": 2**63}


def normal_id(column: ColumnElement[Any], text: str) -> str | None:
    """Return the id as the column's type writes it; None where it cannot be one."""
    name = str(column.type)
    if "\0" in text:
        return None
    if name == "uuid":
        return _uuid(text)
    if name in _RANGES:
        plain = re.fullmatch(r"-?[0-9]{1,19}", text)
        return str(int(text)) if plain and abs(int(text)) < _RANGES[name] else None
    return text


def _uuid(text: str) -> str | None:
    try:
        return str(uuid.UUID(text))
    except ValueError:
        return None
