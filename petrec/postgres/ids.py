"""Ids by the types of their columns: valid texts, and the form that PostgreSQL writes."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Text,
    any_,
    bindparam,
    cast,
    func,
    literal,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DataError, IntegrityError, ProgrammingError

from petrec.schema import PgType, base_type, is_written_once

UUID_PATTERN = "[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_UUID = re.compile(UUID_PATTERN)
# PostgreSQL's text has no NUL, UTF-8 no surrogates.
_TEXT = re.compile(r"[^\x00\ud800-\udfff]{0,1000}", re.DOTALL)
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,18}")
# All that the types' inputs accept has these shapes: with braces, signs, spaces, other hyphens.
_UUID_LIKE = re.compile(r"\{?[0-9a-fA-F-]{32,}\}?")
_INTEGER_LIKE = re.compile(r"\s*[+-]?[0-9][0-9a-zA-Z_]*\s*")
_REFUSALS = (DataError, IntegrityError, ProgrammingError)
# pg_input_is_valid: https://www.postgresql.org/docs/current/functions-info.html
_HAS_INPUT_CHECK = (16,)
_BITS = {"smallint": 15, "integer": 31, "bigint": 63}
_TEXTS = ("text", "character varying", "character(", "bpchar", "name", "citext")
_AT_ONCE = 5_000


def is_text(column: ColumnElement[Any]) -> bool:
    """Return whether ids are texts, in which 00123 and 1E5 are not numbers."""
    return base_type(column).rpartition(".")[2].startswith(_TEXTS)


def is_integer(column: ColumnElement[Any]) -> bool:
    """Return whether ids are integers."""
    return base_type(column) in _BITS


_FORMS = {
    "numeric": re.compile(r"-?[0-9]{1,100}(\.[0-9]{1,100})?"),
    "bytea": re.compile(r"\\x([0-9a-fA-F]{2})*"),
}


def has_shape(column: ColumnElement[Any] | None, text: str) -> bool:
    """Return whether a text looks like an id of a column, without asking the server.

    Of other types than uuid, numbers and bytea any text may be an id: only `normal_ids` knows.
    """
    kind = "text" if column is None else base_type(column)
    if kind == "uuid":
        return _UUID.fullmatch(text) is not None
    if kind in _BITS:
        fits = _INTEGER.fullmatch(text) is not None
        return fits and -(2 ** _BITS[kind]) <= int(text) < 2 ** _BITS[kind]
    return _FORMS.get(kind, _TEXT).fullmatch(text) is not None


def _could_be(column: ColumnElement[Any], text: str) -> bool:
    """Return whether the server needs to be asked; most wrong texts need no question."""
    kind = base_type(column)
    if kind == "uuid":
        return _UUID_LIKE.fullmatch(text) is not None
    if kind in _BITS:
        return _INTEGER_LIKE.fullmatch(text) is not None
    return "\0" not in text


def normal_ids(
    connection: Connection, column: ColumnElement[Any], texts: Iterable[str]
) -> dict[str, str]:
    """Return each text that is an id of the column's type, with the id as PostgreSQL writes it.

    The type itself decides: a text that it refuses, cuts or rounds is not an id. Works within the
    caller's transaction, by savepoints.
    """
    wanted = sorted({text for text in texts if _could_be(column, text)})
    found: dict[str, str] = {}
    for start in range(0, len(wanted), _AT_ONCE):
        found.update(_accepted(connection, column, wanted[start : start + _AT_ONCE]))
    return {text: normal for text, normal in found.items() if not _is_cut(text, normal)}


def is_one_of(column: ColumnElement[Any], texts: Iterable[str]) -> ColumnElement[bool]:
    """Return whether a value is one of those that some texts stand for, of which some may be none.

    It is compared by its type where that holds equal what is written differently.
    """
    if is_written_once(column):
        return cast(column, Text).in_(list(texts))
    usable = [text for text in texts if has_shape(column, text)]
    return column == any_(cast(literal(usable, ARRAY(Text)), ARRAY(column.type)))


def stored_ids(
    connection: Connection, column: ColumnElement[Any], texts: Iterable[str]
) -> dict[str, str]:
    """Return each text that is an id of the column's type, with the id as its row writes it.

    An id that no row of the column's table has is as PostgreSQL writes it: see `normal_ids`.
    """
    found = normal_ids(connection, column, texts)
    if is_written_once(column):
        return found
    given = _given()
    rows = select(given, cast(column, Text)).where(column == cast(given, column.type))
    wanted = list(found)
    for start in range(0, len(wanted), _AT_ONCE):
        some = connection.execute(rows, {"texts": wanted[start : start + _AT_ONCE]})
        found.update((text, stored) for text, stored in some)
    return found


def _accepted(
    connection: Connection, column: ColumnElement[Any], texts: Sequence[str]
) -> Iterator[tuple[str, str]]:
    """Cast all at once; if one is refused, those that the type's input accepts, else by halving."""
    found = _cast(connection, column, texts)
    version = connection.dialect.server_version_info or ()
    if found is None and version >= _HAS_INPUT_CHECK:
        texts = _valid(connection, column, texts)
        found = _cast(connection, column, texts)
    if found is not None:
        yield from found
    elif len(texts) > 1:
        half = len(texts) // 2
        yield from _accepted(connection, column, texts[:half])
        yield from _accepted(connection, column, texts[half:])


def _cast(
    connection: Connection, column: ColumnElement[Any], texts: Sequence[str]
) -> list[tuple[str, str]] | None:
    """Return the texts with the ids that they are; None if one of them is refused."""
    try:
        with connection.begin_nested():
            rows = connection.execute(_casts(column), {"texts": list(texts)})
            return [(text, normal) for text, normal in rows]
    except _REFUSALS:
        return None


def _valid(
    connection: Connection, column: ColumnElement[Any], texts: Sequence[str]
) -> Sequence[str]:
    """Return the texts that the type's input accepts; all of them if the server cannot say."""
    given = _given()
    query = select(given).where(func.pg_input_is_valid(given, str(column.type)))
    try:
        with connection.begin_nested():
            return connection.scalars(query, {"texts": list(texts)}).all()
    except _REFUSALS:
        return texts


def _given() -> ColumnElement[str]:
    # A parameter: a statement is freed late, since its parts refer to each other, and would keep
    # the texts in memory.
    texts = bindparam("texts", type_=ARRAY(Text))
    return func.unnest(cast(texts, ARRAY(Text))).column_valued("given")


def _casts(column: ColumnElement[Any]) -> Any:
    given = _given()
    typed = cast(given, column.type)
    # Without length and scale, the type neither cuts nor rounds.
    whole = cast(given, _without_modifier(column))
    return select(given, cast(typed, Text)).where(typed == whole)


def _without_modifier(column: ColumnElement[Any]) -> PgType:
    name = str(column.type)
    if name.startswith("character("):
        return PgType("bpchar")
    if name.startswith("bit("):
        return PgType("varbit")
    before, _, after = name.partition("(")
    return PgType(before + after.partition(")")[2])


def _is_cut(text: str, normal: str) -> bool:
    """Return whether a text would be cut, also by a domain, whose length is not in its name."""
    return text != normal and text.startswith(normal) and bool(text[len(normal) :].strip())
