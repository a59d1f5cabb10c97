"""The work of one kind of run, and the rows of a batch as it reads them under lock."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table, Text, cast, select

from petrec.features.runs.run import Run
from petrec.schema import Schema, base_type


def old_value(column: str) -> str:
    """Return the name of a column's current value in a guarded selection."""
    return f"old_{column}"


def new_value(column: str) -> str:
    """Return the name of a column's new value in a guarded selection."""
    return f"new_{column}"


def from_json(values: ColumnElement[Any], column: ColumnElement[Any]) -> ColumnElement[Any]:
    """Read a column's value from a journal's object, in the column's own type."""
    return cast(values.op("->>")(column.key), column.type)


def in_journal(value: ColumnElement[Any]) -> ColumnElement[Any]:
    """Return a value as it is journaled and compared: json, which has no equality, as its text."""
    return cast(value, Text) if base_type(value) == "json" else value


@dataclass(frozen=True)
class GuardedRows:
    """The columns of a batch: an item, whether its change `applies`, and the reason if not.

    `old` and `new` hold the current and the new value of every column that the run writes; `old`
    may have more, which are journaled as well. `links` is whether a change needs its pet in its
    appointment, where the run adds pets to appointments.
    """

    seq: ColumnElement[int]
    row_key: ColumnElement[Any]
    strategy: ColumnElement[Any]
    applies: ColumnElement[bool]
    reason: ColumnElement[Any]
    old: Mapping[str, ColumnElement[Any]]
    new: Mapping[str, ColumnElement[Any]]
    links: ColumnElement[bool] | None = None

    def select_from(
        self,
        source: FromClause,
        where: ColumnElement[bool] | None = None,
        location: Iterable[ColumnElement[Any]] = (),
    ) -> Select[Any]:
        """Build the selection; `location` is the location of recordings that are locked already."""
        query = select(
            self.seq.label("seq"),
            self.row_key.label("row_key"),
            self.strategy.label("strategy"),
            self.applies.label("applies"),
            self.reason.label("reason"),
            *(value.label(old_value(name)) for name, value in self.old.items()),
            *(value.label(new_value(name)) for name, value in self.new.items()),
            *(() if self.links is None else (self.links.label("links"),)),
            *location,
        )
        query = query.select_from(source)
        return query if where is None else query.where(where)


class Locked(NamedTuple):
    """The items of a page that no other session has locked.

    `proven` is whether every appointment that they name is locked, so that it exists until the
    commit.
    """

    ready: Sequence[int]
    proven: bool = False


class RunWork(ABC):
    """The work of one kind of run.

    `recordings` are those that it may write to: all others are skipped as deleted. Of an undo,
    `earlier_undos` are runs that have undone a part of the same run already: what they changed has
    nothing left to do. `watched` is whether triggers may change what it writes.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.recordings: FromClause = schema.recordings
        self.earlier_undos: Sequence[int] = ()
        self.watched = False

    def prepare(self, connection: Connection, run: Run) -> None:  # noqa: B027 - optional
        """Look up what all batches of a run need; most kinds of runs need nothing."""

    @abstractmethod
    def items(self, run: Run) -> tuple[Table, ColumnElement[bool]]:
        """Return the journal's table of items and the condition that selects this run's."""

    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> Locked:
        """Lock what the guard relies on, without waiting.

        Where that is the recordings alone, which the guard locks itself, this locks nothing.
        """
        del connection, run
        return Locked(page)

    @abstractmethod
    def guarded_rows(self, run: Run) -> Select[Any]:
        """Select the items of `numbers` by `GuardedRows`, and lock recordings not locked before.

        Items whose recording another session holds are omitted.
        """

    def proven_rows(self, run: Run) -> Select[Any] | None:
        """Select the same, but without what `Locked.proven` says; None if it proves nothing."""
        del run
        return None

    def after_write(  # noqa: B027 - optional
        self, connection: Connection, run: Run, ready: Sequence[int]
    ) -> None:
        """Do the remaining work of a batch before its commit; mostly nothing."""

    def journaled(self, run: Run) -> tuple[str, ...]:
        """Return the journaled columns: those written, and those that triggers may change."""
        columns = run.target.columns
        moves = self.watched and "appointment_id" not in columns
        return (*columns, "appointment_id") if moves else columns
