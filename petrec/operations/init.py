"""Settings proposed for a database."""

from collections.abc import Mapping

from petrec.features.init.catalog import read_schemas
from petrec.features.init.propose import Proposal, propose
from petrec.operations.session import Session
from petrec.postgres.snapshot import read_snapshot


def propose_settings(
    session: Session, *, schema: str | None = None, given: Mapping[str, str] | None = None
) -> Proposal:
    """Propose a mapping for the tables that the role sees; reads the catalog alone.

    `given` names what is known, by `table` or `table.column`.
    """
    with session.translated(), read_snapshot(session.engine) as connection:
        return propose(read_schemas(connection), schema, given or {})
