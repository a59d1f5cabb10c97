"""The name of a target, the table of recordings to which runs, decisions and history belong."""

from collections.abc import Sequence

from sqlalchemy import ColumnElement, func

from petrec.errors import SchemaMismatchError, UsageError
from petrec.features.runs.journal.tables import runs
from petrec.features.runs.run import Run, Target
from petrec.phrases import Phrase, Phrased
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

    A journal that only older versions wrote to has the name without quotes. It is read without an
    upgrade, which a read-only role could not do.
    """
    plain = runs.c.target["table"].astext
    quoted = '"' + func.replace(plain, ".", '"."') + '"'
    return func.coalesce(runs.c.target["name"].astext, quoted)


def make_target(schema: Schema, touch: Sequence[str] = (), only: tuple[str, ...] = ()) -> Target:
    """Return the target of a run; errors: UsageError for a column that cannot be touched."""
    recordings = schema.tables.recordings
    by_name = {column.name: column.key for column in recordings.c}
    for name in touch:
        if name not in by_name:
            raise UsageError(
                Phrased(Phrase.TOUCH_NO_COLUMN, table=recordings.fullname, column=name)
            )
        if not recordings.c[by_name[name]].type.name.startswith("timestamp"):  # type: ignore[attr-defined]
            raise UsageError(
                Phrased(Phrase.TOUCH_NO_TIMESTAMP, column=name), hint="name a timestamp column"
            )
    return Target(
        table=str(recordings.fullname),
        key=tuple(str(column.name) for column in schema.key_columns),
        pet=str(recordings.c.pet_id.name),
        touch=tuple(str(by_name[name]) for name in touch),
        name=target_name(schema),
        only=only,
    )


def check_target(run: Run, target: Target) -> None:
    """Refuse to work on a different table than the run; errors: SchemaMismatchError."""
    mine = (run.target.table, run.target.key, run.target.pet or target.pet)
    if mine != (target.table, target.key, target.pet):
        raise SchemaMismatchError(
            f"run {run.id} wrote to {run.target.table} (column {run.target.pet}), "
            f"the configuration names {target.table} (column {target.pet})",
            hint="use the configuration that the run was created with, or abandon it: petrec "
            f"runs abandon {run.id}",
        )
