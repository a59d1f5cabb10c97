"""The name of a target: the table of recordings that runs, decisions and history belong to."""

from sqlalchemy import ColumnElement, func

from petrec.features.runs.tables import runs
from petrec.postgres.identifiers import qualified
from petrec.schema import Schema
from petrec.settings import Mapping


def target_name(schema: Schema) -> str:
    """Return the name of the target that a schema was loaded from."""
    recordings = schema.tables.recordings
    return qualified(str(recordings.schema), str(recordings.name))


def mapped_target(mapping: Mapping) -> str:
    """Return the name of the target that a mapping names."""
    return qualified(mapping.schema, mapping.table("recordings"))


def name_in_journal() -> ColumnElement[str]:
    """Return the name of the target of a row of `runs`.

    A journal that only older versions wrote to has the name without quotes. It is read as it is:
    a role that may only read cannot upgrade it.
    """
    plain = runs.c.target["table"].astext
    quoted = '"' + func.replace(plain, ".", '"."') + '"'
    return func.coalesce(runs.c.target["name"].astext, quoted)
