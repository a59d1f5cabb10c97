"""Before the first run: proposed settings, all checks, and the least privileges as a script."""

from collections.abc import Iterable, Mapping

from petrec.documents.safe_text import plain
from petrec.features.doctor.examine import examine, find_objects
from petrec.features.doctor.grants import Task, grant_script, revoke_script
from petrec.features.doctor.result import DoctorResult
from petrec.features.init.catalog import read_schemas
from petrec.features.init.propose import Proposal, propose
from petrec.operations.session import Session
from petrec.postgres.connection import read_place
from petrec.postgres.snapshot import read_snapshot


def doctor(session: Session, tasks: Iterable[Task] = ()) -> DoctorResult:
    """Check server, role, tables and settings; writes nothing.

    A missing privilege is a problem for one of the `tasks`, else a note.
    """
    asked = tuple(tasks)
    with session.translated(), read_snapshot(session.engine) as connection:
        return examine(connection, session.settings.mapping, asked)


def grants(session: Session, role: str, tasks: Iterable[Task], *, revoke: bool = False) -> str:
    """Return the statements that grant a role what its tasks need, or revoke it.

    A comment names the database that they are for.
    """
    make = revoke_script if revoke else grant_script
    with session.translated(), read_snapshot(session.engine) as connection:
        place = plain(read_place(connection))
        script = make(find_objects(connection, session.settings.mapping), tasks, role)
    return f"-- for {place}\n{script}"


def propose_settings(
    session: Session, *, schema: str | None = None, given: Mapping[str, str] | None = None
) -> Proposal:
    """Propose a mapping for the tables that the role sees; reads only the catalog.

    `given` holds known names, by `table` or `table.column`.
    """
    with session.translated(), read_snapshot(session.engine) as connection:
        return propose(read_schemas(connection), schema, given or {})
