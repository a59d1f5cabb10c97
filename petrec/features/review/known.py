"""Check what an export is limited to: an unknown name would export nothing, without a word."""

from collections.abc import Iterator, Sequence

from sqlalchemy import ColumnElement, Connection, FromClause, Text, cast, select, union

from petrec.errors import UsageError
from petrec.features.review.query import REVIEWED
from petrec.features.review.scope import CaseScope
from petrec.rules import KINDS, Repair
from petrec.schema import Schema
from petrec.suggestions import did_you_mean

_MOST_KNOWN = 5_000
_SHOWN = 5

Columns = list[ColumnElement[str]]


def check_kinds(kinds: Sequence[str]) -> None:
    """Check that each kind is one that people decide; errors: UsageError."""
    repairs = {kind.id: kind.repair for kind in KINDS}
    for unknown in [kind for kind in kinds if kind not in REVIEWED]:
        if repairs.get(unknown) is Repair.BACKFILL:
            hint = "petrec backfill repairs it"
            raise UsageError(f"recordings of kind {unknown} need no person", hint=hint)
        raise UsageError(f"unknown kind: {unknown}", hint=_hint(unknown, list(REVIEWED), "kinds"))


def check_scope(connection: Connection, schema: Schema, scope: CaseScope) -> None:
    """Check that the database knows each practice and vet of a scope; errors: UsageError."""
    practices = [practice for practice in scope.practices if practice is not None]
    _check(connection, practices, _practices(schema), "practice")
    _check(connection, scope.vets, _vets(schema), "vet")


def _check(connection: Connection, named: Sequence[str], columns: Columns, what: str) -> None:
    # Without any column the query itself is refused, by the column's name.
    if not named or not columns:
        return
    found = connection.scalars(union(*(select(c).where(c.in_(named)) for c in columns))).all()
    for unknown in [name for name in named if name not in found]:
        every = union(*(select(c).where(c.is_not(None)) for c in columns)).limit(_MOST_KNOWN)
        known = sorted(connection.scalars(every))
        raise UsageError(f"unknown {what}: {unknown}", hint=_hint(unknown, known, f"{what}s"))


def _hint(wanted: str, known: Sequence[str], what: str) -> str:
    """Return the names most like the wanted one; without any, some that are known."""
    if not known:
        return f"the database has no {what}"
    more = ", ..." if len(known) > _SHOWN else ""
    shown = f"none of the {what} is like it: {', '.join(known[:_SHOWN])}{more}"
    return did_you_mean(wanted, known) or shown


def _practices(schema: Schema) -> Columns:
    return list(_texts((schema.appointments, "practice_id"), (schema.users, "practice_id")))


def _vets(schema: Schema) -> Columns:
    ids = (
        (schema.recordings, "recorded_by_user_id"),
        (schema.appointments, "assigned_vet_user_id"),
    )
    if not list(_texts(*ids)):
        return []
    return list(_texts((schema.users, "full_name"), (schema.users, "id"), *ids))


def _texts(*columns: tuple[FromClause | None, str]) -> Iterator[ColumnElement[str]]:
    for table, name in columns:
        if table is not None and name in table.c:
            yield cast(table.c[name], Text)
