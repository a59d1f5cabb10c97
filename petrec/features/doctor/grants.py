"""The least privileges that each command needs, as one script to grant and one to revoke them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from psycopg import sql

from petrec.settings import Mapping

# A role creates petrec's tables in its own schema; in another role's it only uses them.
_JOURNAL_MADE = (sql.SQL("CREATE SCHEMA petrec AUTHORIZATION {};"),)
_JOURNAL_USED = (
    sql.SQL("GRANT USAGE ON SCHEMA petrec TO {};"),
    sql.SQL("GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA petrec TO {};"),
)
_JOURNAL_BACK = (
    sql.SQL("REVOKE ALL ON ALL TABLES IN SCHEMA petrec FROM {};"),
    sql.SQL("REVOKE ALL ON SCHEMA petrec FROM {};"),
)
_READ_BY_ALL = ("recordings", "pets", "appointments", "appointment_pets", "visits")
_READ_BY_REPORT = ("api_logs",)
_READ_BY_REVIEW = ("users", "pet_owners")


class Task(StrEnum):
    """A task of a role; every task also needs the privileges of `audit`."""

    AUDIT = "audit"
    REPORT = "report"
    BACKFILL = "backfill"
    REVIEW = "review"


_WRITING = {Task.BACKFILL, Task.REVIEW}


@dataclass(frozen=True)
class Objects:
    """The objects to grant on; `present` are the logical names of the tables found.

    `has_journal` is whether petrec's own schema exists.
    """

    mapping: Mapping
    present: frozenset[str]
    links_follow_appointments: bool
    has_journal: bool

    def names(self, table: str) -> tuple[str, str]:
        """Return schema and name of a table."""
        return (self.mapping.schema, self.mapping.table(table))


@dataclass(frozen=True)
class Grant:
    """One privilege on one object; `columns` are those of a table, empty for all of it."""

    privilege: str
    kind: str
    names: tuple[str, ...]
    columns: tuple[str, ...] = ()

    def given_to(self, role: str) -> sql.Composed:
        """Return the GRANT."""
        return self._statement("GRANT", "TO", role)

    def taken_from(self, role: str) -> sql.Composed:
        """Return the REVOKE."""
        return self._statement("REVOKE", "FROM", role)

    def _statement(self, verb: str, preposition: str, role: str) -> sql.Composed:
        listed = sql.SQL(", ").join(map(sql.Identifier, self.columns))
        columns = sql.SQL(" ({})").format(listed) if self.columns else sql.SQL("")
        return sql.SQL("{} {}{} ON {}{} {} {};").format(
            sql.SQL(verb), sql.SQL(self.privilege), columns, sql.SQL(self.kind),
            sql.Identifier(*self.names), sql.SQL(preposition), sql.Identifier(role),
        )  # fmt: skip


def needed_grants(objects: Objects, tasks: Iterable[Task]) -> list[Grant]:
    """Return the privileges on the application's tables, each once, in the order of the script."""
    wanted = set(tasks)
    found = list(_reading(objects, _READ_BY_ALL))
    if Task.REPORT in wanted:
        found += _reading(objects, _READ_BY_REPORT)
    if Task.REVIEW in wanted:
        found += _reading(objects, _READ_BY_REVIEW)
    if wanted & _WRITING:
        found += _writing(objects, placing=Task.REVIEW in wanted)
    usage = Grant("USAGE", "SCHEMA ", (objects.mapping.schema,))
    return list(dict.fromkeys([usage, *found]))


def grant_script(objects: Objects, tasks: Iterable[Task], role: str) -> str:
    """Return the statements that give a role what it needs, for the owner of the tables to run."""
    asked = set(tasks)
    statements = [grant.given_to(role) for grant in needed_grants(objects, asked)]
    if asked & _WRITING:
        statements += _journal(objects, role)
    return _text(statements)


def revoke_script(objects: Objects, tasks: Iterable[Task], role: str) -> str:
    """Return the statements that revoke all of it; petrec's own tables stay."""
    asked = set(tasks)
    statements = [grant.taken_from(role) for grant in reversed(needed_grants(objects, asked))]
    if asked & _WRITING and objects.has_journal:
        statements += [form.format(sql.Identifier(role)) for form in _JOURNAL_BACK]
    return _text(statements)


def _reading(objects: Objects, tables: Iterable[str]) -> Iterator[Grant]:
    for name in tables:
        if name in objects.present:
            yield Grant("SELECT", "", objects.names(name))


def _writing(objects: Objects, *, placing: bool) -> Iterator[Grant]:
    """Yield the grants of a run; a row lock needs UPDATE on one column of its table."""
    mapping, links = objects.mapping, objects.names("appointment_pets")
    keys = ("pet_id", "appointment_id") if placing else ("pet_id",)
    columns = tuple(mapping.column("recordings", key) for key in keys)
    yield Grant("UPDATE", "", objects.names("recordings"), columns)
    if objects.links_follow_appointments:
        locked = (mapping.column("appointments", "id"),)
        yield Grant("UPDATE", "", objects.names("appointments"), locked)
    else:
        yield Grant("UPDATE", "", links)
    if placing:
        yield Grant("INSERT", "", links)
        yield Grant("DELETE", "", links)


def _journal(objects: Objects, role: str) -> list[sql.Composed]:
    forms = _JOURNAL_USED if objects.has_journal else _JOURNAL_MADE
    return [form.format(sql.Identifier(role)) for form in forms]


def _text(statements: Iterable[sql.Composed]) -> str:
    return "".join(f"{statement.as_string()}\n" for statement in statements)
