"""Rows between the start of a page and its end, by conditions that an index on the time answers."""

from dataclasses import dataclass
from typing import Any

from sqlalchemy import CTE, ColumnElement, and_, cast, func, literal_column, or_, select, tuple_

from petrec.api.access import Columns
from petrec.api.http.cursor import After
from petrec.api.wire_columns import comes_after, is_time

Conditions = list[ColumnElement[bool]]


@dataclass(frozen=True)
class End:
    """The row that ends a span, of a query of one row at most: without it, all rows are in it."""

    row: CTE

    @property
    def at(self) -> ColumnElement[Any]:
        """Return its time."""
        return select(self.row.c.created_at).scalar_subquery()

    @property
    def id(self) -> ColumnElement[Any]:
        """Return its id."""
        return select(self.row.c.sort_id).scalar_subquery()


def spans(c: Columns, after: After, end: End | None) -> list[Conditions]:
    """Return the conditions of rows without a time, which lead, and of those with one.

    Each is a query of its own: no index answers both in the order of a page.
    """
    start = [] if after is After.TOP else [comes_after(c.created_at, c.id, after)]
    timed = [*start, c.created_at.is_not(None), *_until(c, end)]
    if after is After.TIMED:
        return [timed]
    return [[*start, c.created_at.is_(None), *_until_untimed(c, end)], timed]


def _until(c: Columns, end: End | None) -> Conditions:
    if end is None:
        return []
    endless = end.id.is_(None)
    before = tuple_(c.created_at, c.id) > tuple_(end.at, end.id)
    # PostgreSQL evaluates the first once for the query; the second bounds the index scan.
    return [or_(endless, end.at.is_not(None)), *_since(c.created_at, end), or_(endless, before)]


def _since(at: ColumnElement[Any], end: End) -> Conditions:
    if not is_time(at):
        return []
    return [at >= func.coalesce(end.at, cast(literal_column("'-infinity'"), at.type))]


def _until_untimed(c: Columns, end: End | None) -> Conditions:
    if end is None:
        return []
    return [or_(end.id.is_(None), end.at.is_not(None), and_(end.at.is_(None), c.id > end.id))]
