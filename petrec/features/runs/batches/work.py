"""What one kind of run works through, and the rows of a batch as it reads them under lock."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table, select

from petrec.features.runs.run import Run
from petrec.schema import Schema


def old_value(column: str) -> str:
    """Return the name under which a guarded selection carries a column's present value."""
    return f"old_{column}"


def new_value(column: str) -> str:
    """Return the name under which a guarded selection carries a column's new value."""
    return f"new_{column}"


@dataclass(frozen=True)
class GuardedRows:
    """The columns of a batch: an item, whether its change `applies`, and the reason if not.

    `old` and `new` hold the present and the new value of every column that the run writes; `old`
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
        where: ColumnElement[bool],
        location: Iterable[ColumnElement[Any]] = (),
    ) -> Select[Any]:
        """Build the selection; `location` is where recordings lie that are locked already."""
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
        return query.select_from(source).where(where)


class RunWork(ABC):
    """One kind of run; what the runs in `settled_by` have changed needs no second visit.

    `recordings` are those that it may write to: what is not among them is settled as gone.
    `watched` is whether triggers may change what it writes.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema
        self.recordings: FromClause = schema.recordings
        self.settled_by: Sequence[int] = ()
        self.watched = False

    def prepare(self, connection: Connection, run: Run) -> None:  # noqa: B027 - optional
        """Look up what all batches of a run rely on; most kinds of runs need nothing."""

    @abstractmethod
    def items(self, run: Run) -> tuple[Table, ColumnElement[bool]]:
        """Return the journal's table of items and the condition that selects this run's."""

    @abstractmethod
    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> list[int]:
        """Lock what the guard relies on; returns the items for which no other session holds it."""

    @abstractmethod
    def guarded_rows(self, run: Run) -> Select[Any]:
        """Select the items of `numbers` by `GuardedRows`, and lock recordings not locked before.

        Items whose recording another session holds are left out.
        """

    def after_write(  # noqa: B027 - optional
        self, connection: Connection, run: Run, ready: Sequence[int]
    ) -> None:
        """Do what the batch's changes leave to do before the commit; mostly nothing."""

    def journaled(self, run: Run) -> tuple[str, ...]:
        """Return the columns that are journaled: those written, and what triggers may move."""
        columns = run.target.columns
        moves = self.watched and "appointment_id" not in columns
        return (*columns, "appointment_id") if moves else columns
