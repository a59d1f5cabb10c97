"""A key of recording_metadata, which may be json, jsonb or text; no value raises an error."""

import json
from collections.abc import Iterator
from typing import Any

from sqlalchemy import ColumnElement, Connection, Text, and_, case, cast, false, func, null, select
from sqlalchemy import literal as bound

from petrec.rules.legible import legible
from petrec.schema import PgType, Schema, base_type

_TEXTS = frozenset({"text", "character varying", "character", "bpchar", "name", "citext"})
# PostgreSQL parses JSON by recursion: an odd text that nests deeply enough ends the whole query.
_LONGEST_TEXT = 8_192
_SAMPLE = 1_000
_SPACE = r"[ \t\n\r]*"
_STRING = r'"(?:[^"\\\x01-\x1f]|\\["\\/bfnrt]|\\u[0-9a-fA-F]{4})*"'
_SCALAR = rf"(?:{_STRING}|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)"
_PAIR = r"\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
# Escapes that json accepts as it is stored, but that no text of the database can hold.
_NO_TEXT = r"\\u(?:0000|[dD][89a-fA-F])"
_NO_TEXT_UNLESS_UTF8 = r"\\u(?!00[0-7])"


def is_readable(column: ColumnElement[Any]) -> bool:
    """Return whether a column can have keys."""
    return base_type(column).partition("(")[0] in {"json", "jsonb", *_TEXTS}


def read_key(
    connection: Connection, schema: Schema, column: ColumnElement[Any], key: str
) -> tuple[ColumnElement[Any], ColumnElement[bool]]:
    """Return the value of a key as text, NULL where there is none, and what cannot be read."""
    if base_type(column) == "jsonb":
        return _value(cast(column, PgType("jsonb")), key), false()
    text = cast(column, Text)
    usable = _has_texts(connection, text)
    if base_type(column) != "json":
        usable = and_(_is_json(connection, text), usable)
    unreadable = and_(text.is_not(None), ~usable)
    document = case((usable, cast(text, PgType("json"))), else_=null())
    return legible(schema, _value(document, key)), unreadable


def known_keys(connection: Connection, schema: Schema, column: ColumnElement[Any]) -> set[str]:
    """Return the keys of some recordings, for a hint."""
    text = legible(schema, func.left(cast(column, Text), _LONGEST_TEXT))
    query = select(text).where(column.is_not(None)).limit(_SAMPLE)
    return {key for document in connection.scalars(query) for key in _keys(document)}


def _keys(document: str) -> Iterator[str]:
    try:
        found = json.loads(document)
    except (ValueError, RecursionError):
        return
    if isinstance(found, dict):
        yield from filter(None, found)


def _value(document: ColumnElement[Any], key: str) -> ColumnElement[Any]:
    return document.op("->>", return_type=Text())(bound(key, Text))


def _has_texts(connection: Connection, text: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether the database can hold all that the text's escapes stand for."""
    encoding = connection.scalar(select(func.getdatabaseencoding()))
    if encoding != "UTF8":
        return ~text.regexp_match(_NO_TEXT_UNLESS_UTF8)
    return ~func.regexp_replace(text, _PAIR, "", "g").regexp_match(_NO_TEXT)


def _is_json(connection: Connection, text: ColumnElement[Any]) -> ColumnElement[bool]:
    """Return whether a text is a JSON document of at most some length.

    Versions before 16 cannot ask PostgreSQL: there it must be an object of scalars, lists of
    scalars and objects of scalars.
    """
    short = func.octet_length(text) <= _LONGEST_TEXT
    version = connection.dialect.server_version_info or (0,)
    if version >= (16,):
        return case((short, func.pg_input_is_valid(text, "json")), else_=false())
    return case((short, text.regexp_match(_object(_object_or(_SCALAR)))), else_=false())


def _object_or(value: str) -> str:
    listed = rf"\[{_SPACE}(?:{_several(value)})?{_SPACE}\]"
    return f"(?:{value}|{listed}|{_pairs(value)})"


def _object(value: str) -> str:
    return f"^{_SPACE}{_pairs(value)}{_SPACE}$"


def _pairs(value: str) -> str:
    pair = rf"{_STRING}{_SPACE}:{_SPACE}{value}"
    return rf"\{{{_SPACE}(?:{_several(pair)})?{_SPACE}\}}"


def _several(item: str) -> str:
    return rf"{item}(?:{_SPACE},{_SPACE}{item})*"
