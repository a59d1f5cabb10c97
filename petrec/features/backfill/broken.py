"""How many planned recordings the table's checks that are NOT VALID would refuse."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from msgspec import Struct
from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.exc import DBAPIError

from petrec.documents.amounts import counted
from petrec.features.backfill.record import certain_rows
from petrec.features.backfill.selection import Selection
from petrec.postgres.warned import about_check, not_valid_checks
from petrec.rules.facts_sql import JudgedColumns
from petrec.schema import Schema

Values = Mapping[str, Any]
_NOTHING: Values = {}


class RefusingCheck(Struct, frozen=True):
    """A check that is NOT VALID, and how many planned recordings it would refuse.

    The number is None if it cannot be counted.
    """

    name: str
    recordings: int | None

    def __str__(self) -> str:
        """Return the warning about it."""
        return about_check(self.name, self.recordings)


class ForeseenRefusals(Struct, frozen=True):
    """The checks, and how many planned recordings at least one of them would refuse."""

    recordings: int = 0
    checks: tuple[RefusingCheck, ...] = ()

    @property
    def are_counted(self) -> bool:
        """Return whether there is no check whose refusals cannot be counted."""
        return all(check.recordings is not None for check in self.checks)

    def __add__(self, other: "ForeseenRefusals") -> "ForeseenRefusals":
        """Return those of two parts of a plan, which have the same checks."""
        if not (self.checks and other.checks):
            return self if self.checks else other
        pairs = zip(self.checks, other.checks, strict=True)
        checks = tuple(
            RefusingCheck(one.name, None)
            if one.recordings is None or another.recordings is None
            else RefusingCheck(one.name, one.recordings + another.recordings)
            for one, another in pairs
        )
        return ForeseenRefusals(self.recordings + other.recordings, checks)

    def summary(self, planned: int, table: str) -> str:
        """Return in words how many of the planned recordings would get their pet."""
        most, least = ("", "") if self.are_counted else ("at most ", "at least ")
        recordings = counted(planned - self.recordings, "recording")
        words = f"set the pet of {most}{recordings} in {table}"
        if not self.recordings:
            return words
        return f"{words}; checks would refuse {least}{self.recordings} more"


def foresee_refusals(
    connection: Connection, schema: Schema, selection: Selection
) -> ForeseenRefusals:
    """Count the rows of a selection's plan that break the checks of recordings."""
    facts, order = certain_rows(schema, selection)
    columns = planned_columns(schema, facts)
    query = select(*columns).select_from(facts.source).where(facts.certain_pet.is_not(None))
    if selection.limit is not None:
        query = query.order_by(*order).limit(selection.limit)
    return count_refused(connection, schema, query)


def planned_columns(schema: Schema, facts: JudgedColumns) -> list[ColumnElement[Any]]:
    """Return the columns of recordings under their own names, with the certain pet."""
    names = {column.key: column.name for column in schema.tables.recordings.c}
    values: dict[str, ColumnElement[Any]] = {key: facts.recording[key] for key in names}
    values["pet_id"] = facts.certain_pet
    return [values[key].label(name) for key, name in names.items()]


def count_refused(
    connection: Connection, schema: Schema, planned: Select[Any], values: Values = _NOTHING
) -> ForeseenRefusals:
    """Count those of some planned rows that break checks; a row may break several.

    `planned` selects `planned_columns`; `values` are bound in it.
    """
    recordings = schema.tables.recordings
    checks = dict(not_valid_checks(connection, recordings))
    if not checks:
        return ForeseenRefusals()
    # An expression may name the table.
    rows = planned.subquery(recordings.name)
    counted = _count(connection, rows, checks, values)
    if counted is None:
        # One of them cannot be queried: the others are counted without it.
        each = {name: _count(connection, rows, {name: sql}, values) for name, sql in checks.items()}
        usable = {name: sql for name, sql in checks.items() if each[name] is not None}
        counted = _count(connection, rows, usable, values) if usable else None
    by_check = counted.by_check if counted else {}
    found = tuple(RefusingCheck(name, by_check.get(name)) for name in checks)
    return ForeseenRefusals(counted.broken if counted else 0, found)


class _Counts(NamedTuple):
    """How many rows break any check, and how many break each."""

    broken: int
    by_check: Mapping[str, int]


def _count(
    connection: Connection, rows: FromClause, checks: Mapping[str, str], values: Values
) -> _Counts | None:
    """Count the rows that break checks, given by name and expression; None if that fails."""
    broken = [literal_column(f"({expression})").is_(False) for expression in checks.values()]
    counts = [func.count().filter(each) for each in (or_(*broken), *broken)]
    query = select(*counts).select_from(rows)
    try:
        with connection.begin_nested():
            every, *each = connection.execute(query, dict(values)).one()
    except DBAPIError:
        return None
    return _Counts(every, dict(zip(checks, each, strict=True)))
