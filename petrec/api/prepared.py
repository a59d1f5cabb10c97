"""Statements that the driver has prepared, run by libpq's own call in place of a cursor.

The call sends, waits and reads without the interpreter's lock; a cursor acquires it at each step,
and its steps cost as much again. What is prepared, and when it is forgotten, stays the driver's.
"""

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import psycopg
from psycopg import abc
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq.abc import PGresult

from petrec.api.commands import Connection, checked

_Row = TypeVar("_Row")


class StatementAnswer:
    """What the server has returned for a statement."""

    __slots__ = ("_adapted", "_result")

    def __init__(self, result: PGresult, adapted: abc.Transformer) -> None:
        self._result = result
        self._adapted = adapted

    @property
    def written(self) -> int:
        """Return how many rows were written."""
        return self._result.command_tuples or 0

    @property
    def columns(self) -> list[str]:
        """Return the names of the columns."""
        names = (self._result.fname(number) for number in range(self._result.nfields))
        return [name.decode() for name in names if name is not None]

    def rows(self, make: Callable[[Sequence[Any]], _Row]) -> list[_Row]:
        """Return the rows, each made of its values."""
        self._adapted.set_pgresult(self._result)
        return self._adapted.load_rows(0, self._result.ntuples, make)


def answered(connection: Connection, text: bytes, values: Sequence[Any]) -> StatementAnswer:
    """Run a statement in the server's own form; errors: the driver's."""
    adapted = Transformer(connection)
    given: Any = adapted.dump_sequence(values, [PyFormat.AUTO] * len(values))
    name = _prepared_name(connection, text, adapted.types)
    if name is None:
        cursor = psycopg.RawCursor(connection).execute(text, values)
        assert cursor.pgresult is not None  # noqa: S101 it has run
        return StatementAnswer(cursor.pgresult, adapted)
    result = connection.pgconn.exec_prepared(name, given, adapted.formats)
    return StatementAnswer(checked(connection, result), adapted)


def _prepared_name(
    connection: Connection, text: bytes, types: tuple[int, ...] | None
) -> bytes | None:
    """Return the name by which the session has the statement, None where it has none.

    Only the driver knows: it prepares what has run five times, and drops all names at a rollback,
    and those beyond a hundred. A driver that keeps them elsewhere runs each by a cursor.
    """
    kept = getattr(getattr(connection, "_prepared", None), "_names", {})
    found = kept.get((text, types))
    return found if isinstance(found, bytes) else None
