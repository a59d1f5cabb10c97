"""Obstacles and warnings of a run, found before anything is written."""

from dataclasses import dataclass

from sqlalchemy import Connection

from petrec.features.runs.journal.presence import journal_hindrances
from petrec.features.runs.run import Target
from petrec.postgres.warned import warnings
from petrec.postgres.writable import hindrances
from petrec.schema import Schema


@dataclass(frozen=True)
class Foresight:
    """Reasons why a run would fail, and warnings."""

    obstacles: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()


def foresee(
    connection: Connection,
    schema: Schema,
    target: Target,
    links: str = "INSERT",
    *,
    locks: bool = True,
) -> Foresight:
    """Check the catalog for a run that writes to a target; reads only.

    `links` is the statement that a run uses on appointments' pets, if any; `locks` is whether it
    locks appointments.
    """
    links = links if target.links else ""
    stops = hindrances(connection, schema, target.columns, links, locks=locks)
    return Foresight(
        tuple(stops + journal_hindrances(connection)),
        tuple(warnings(connection, schema, target.columns, links)),
    )
