"""How many planned recordings the table's checks that are NOT VALID would refuse."""

from sqlalchemy import Connection, FromClause, func, literal_column, select
from sqlalchemy.exc import DBAPIError

from petrec.features.backfill.selection import Selection
from petrec.features.runs.journal.keys import key_of
from petrec.postgres.warned import about_check, not_valid_checks
from petrec.rules import Lists, judged
from petrec.schema import Schema


def broken_checks(connection: Connection, schema: Schema, selection: Selection) -> list[str]:
    """Name the checks of recordings that are not valid, with the planned rows that break each."""
    found = not_valid_checks(connection, schema.tables.recordings)
    return [
        about_check(name, _count(connection, _as_planned(schema, selection), sql))
        for name, sql in found
    ]


def _count(connection: Connection, planned: FromClause, expression: str) -> int | None:
    """Return how many rows would break a check; None if that cannot be queried."""
    broken = literal_column(f"({expression})").is_(False)
    query = select(func.count()).select_from(planned).where(broken)
    try:
        with connection.begin_nested():
            return int(connection.scalar(query) or 0)
    except DBAPIError:
        return None


def _as_planned(schema: Schema, selection: Selection) -> FromClause:
    """Select the planned recordings under the names of their own columns, with their new pet."""
    recordings = schema.tables.recordings
    facts = judged(schema, lists=Lists.LACKING, within=selection.lacking(schema))
    same = key_of(schema, facts.recording) == key_of(schema, recordings.c)
    columns = [
        (facts.certain_pet if column.key == "pet_id" else column).label(column.name)
        for column in recordings.c
    ]
    query = select(*columns).join_from(recordings, facts.source, same)
    return query.where(facts.certain_pet.is_not(None)).subquery(recordings.name)
