"""What one kind of run works through, and how it guards each write."""

from collections.abc import Sequence
from typing import Any, Protocol

from sqlalchemy import ColumnElement, Connection, FromClause, Select, Table

from petrec.features.runs.run import Run
from petrec.schema import Schema


class Work(Protocol):
    """One kind of run; what the runs in `settled_by` have changed needs no second visit.

    `recordings` are those that it may write to: what is not among them is settled as gone.
    `watched` is whether triggers may change what it writes.
    """

    schema: Schema
    recordings: FromClause
    settled_by: Sequence[int]
    watched: bool

    def items(self, run: Run) -> tuple[Table, ColumnElement[bool]]:
        """Return the journal's table of items and the condition that selects this run's."""

    def lock(self, connection: Connection, run: Run, page: Sequence[int]) -> list[int]:
        """Lock what the guard relies on; returns the items for which no other session holds it."""

    def guarded_rows(self, run: Run) -> Select[Any]:
        """Select the items of `numbers` for `write_query`, and lock recordings not locked before.

        Items whose recording another session holds are left out.
        """

    def after_write(self, connection: Connection, run: Run, ready: Sequence[int]) -> None:
        """Do what the batch's changes leave to do, before they are committed."""
