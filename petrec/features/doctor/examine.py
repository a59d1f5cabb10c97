"""All checks of one database, in one snapshot."""

from collections.abc import Iterable, Iterator

from sqlalchemy import Connection

from petrec.errors import PetrecError
from petrec.features.doctor.grants import Objects, Task
from petrec.features.doctor.result import Check, DoctorResult, State
from petrec.features.doctor.server import check_server
from petrec.features.doctor.tables import check_journal, check_tables
from petrec.features.runs.journal.presence import SCHEMA_EXISTS, journal_hindrances
from petrec.postgres.catalog import read_tables
from petrec.postgres.preflight import load_schema
from petrec.postgres.writable import hindrances
from petrec.schema import Schema
from petrec.settings import LOGICAL_COLUMNS, Mapping

# Columns that a task writes, and the privileges on the pets of appointments.
_WRITES: dict[Task, tuple[tuple[str, ...], tuple[str, ...]]] = {
    Task.BACKFILL: (("pet_id",), ()),
    Task.REVIEW: (("pet_id", "appointment_id"), ("INSERT", "DELETE")),
}


def examine(connection: Connection, mapping: Mapping, tasks: Iterable[Task]) -> DoctorResult:
    """Run every check; a missing privilege is a problem for a requested task, else a note."""
    checks = list(check_server(connection))
    try:
        schema = load_schema(connection, mapping)
    except PetrecError as error:
        checks.append(Check("tables", State.PROBLEM, error.reason, error.hint))
        return DoctorResult(tuple(checks))
    checks += check_tables(connection, schema)
    checks.append(check_journal(connection))
    asked, journal = set(tasks), journal_hindrances(connection)
    for task in _WRITES:
        state = State.PROBLEM if task in asked else State.NOTE
        checks += _privileges(connection, schema, task, state, journal)
    return DoctorResult(tuple(checks))


def find_objects(connection: Connection, mapping: Mapping) -> Objects:
    """Return the objects of a grants script; errors: SchemaMismatchError."""
    schema = load_schema(connection, mapping)
    physical = {mapping.table(name): name for name in LOGICAL_COLUMNS}
    found = read_tables(connection, mapping.schema, sorted(physical))
    present = frozenset(name for table, name in physical.items() if table in found)
    return Objects(
        mapping,
        present - set(mapping.ignore),
        schema.links_follow_appointments,
        bool(connection.scalar(SCHEMA_EXISTS)),
    )


def _privileges(
    connection: Connection, schema: Schema, task: Task, state: State, journal: list[str]
) -> Iterator[Check]:
    columns, links = _WRITES[task]
    found = [*hindrances(connection, schema, columns, *links), *journal]
    for hindrance in found:
        advised = state is State.PROBLEM and "GRANT" in hindrance
        fix = hindrance.removeprefix("it needs ") if advised else ""
        yield Check(str(task), state, f"cannot write: {hindrance}", fix)
    if not found:
        yield Check(str(task), State.OK, "this role has all privileges to write")
