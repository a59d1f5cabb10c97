"""What a plan says of the run before anything is written: what would fail, and what to know."""

from dataclasses import dataclass

from sqlalchemy import Connection

from petrec.features.runs.journal.presence import journal_hindrances
from petrec.features.runs.run import Target
from petrec.postgres.warned import warnings
from petrec.postgres.writable import hindrances
from petrec.schema import Schema


@dataclass(frozen=True)
class Foresight:
    """Reasons for which a run would fail, and remarks on what it would meet."""

    obstacles: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def foresee(
    connection: Connection, schema: Schema, target: Target, links: str = "INSERT"
) -> Foresight:
    """Ask the catalog about a run that writes to a target; reads only.

    `links` is the statement by which a run that changes appointments' pets does so.
    """
    links = links if target.links else ""
    stops = hindrances(connection, schema, target.columns, links)
    return Foresight(
        tuple(stops + journal_hindrances(connection)),
        tuple(warnings(connection, schema, target.columns, links)),
    )
