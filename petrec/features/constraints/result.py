"""The integration guide's constraints and indexes: their state, the plan, the result."""

import hashlib
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from msgspec import Struct, field

from petrec.documents.document import Document, Finding, Grid, Result
from petrec.documents.frames import ColumnType, counts_frame, frame_of, records_frame
from petrec.features.constraints.disk import DiskNeed
from petrec.features.constraints.script import described, script
from petrec.features.constraints.state import ObjectState, Problem, Step
from petrec.features.constraints.statements.base import Lock
from petrec.phrases import Phrase, Phrased

if TYPE_CHECKING:
    from pandas import DataFrame


class ConstraintsStatus(Result, frozen=True):
    """The state of every requested object."""

    objects: tuple[ObjectState, ...]
    notes: tuple[str, ...] = ()
    command: str = "constraints status"

    @property
    def is_complete(self) -> bool:
        """Return whether everything is present and valid."""
        return all(each.is_done for each in self.objects)

    def frame(self) -> "DataFrame":
        """Return the state of each object as a data frame."""
        return records_frame(ObjectState, self.objects)

    def document(self) -> Document:
        """Return the form for rendering."""
        done = sum(each.is_done for each in self.objects)
        columns = ("object", "kind", "table", "group", "state", "remark")
        rows = tuple(
            (e.name, e.kind, e.table, e.group, str(e.presence), e.detail) for e in self.objects
        )
        title = f"{done} of {len(self.objects)} constraints and indexes are in place"
        findings = tuple(_finding(each) for each in self.objects)
        grids = (Grid("Objects", columns, rows),)
        return Document(self.command, title, self, grids, findings, self.notes)


def _finding(state: ObjectState) -> Finding:
    message = f"{state.name} on {state.table} is {state.presence}"
    help_text = "" if state.is_done else "petrec constraints plan"
    return Finding(state.name, "error", int(not state.is_done), message, help_text, unit="")


class ConstraintsPlan(Result, frozen=True):
    """The ordered steps; equal steps have equal hashes.

    `refused` counts, by constraint, the rows that it would reject now.
    """

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    command: str = "constraints plan"
    space: DiskNeed = DiskNeed()
    missing: tuple[Problem, ...] = ()
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def hash(self) -> str:
        """Return a digest of the statements in order, which `only` of an application takes."""
        return hashlib.sha256("\n".join(step.sql for step in self.steps).encode()).hexdigest()[:16]

    def frame(self) -> "DataFrame":
        """Return the steps as a data frame."""
        texts = ("object", "sql", "waits", "hazard")
        kinds = dict.fromkeys(texts, ColumnType.TEXT)
        kinds |= dict.fromkeys(("rows", "bytes", "index_bytes"), ColumnType.WHOLE)
        return frame_of(
            {
                name: (kind, [getattr(step, name) for step in self.steps])
                for name, kind in kinds.items()
            }
        )

    def document(self) -> Document:
        """Return the form for rendering."""
        columns = ("step", "SQL", "locks", "waits", "rows read", "bytes read", "index bytes")
        lines = tuple(_line(step) for step in self.steps)
        rows = tuple(
            (number, s.sql, described(s.locks), s.waits, s.rows, s.bytes, s.index_bytes, s.hazard)
            for number, s in enumerate(lines, 1)
        )
        title = f"{len(self.steps)} steps, plan {self.hash}"
        payload = {
            "command": self.command,
            "schema_version": self.schema_version,
            "hash": self.hash,
            "steps": lines,
            "notes": self.notes,
            "space": self.space,
            "missing": self.missing,
            "refused": self.refused,
        }
        grids = (Grid("Steps", (*columns, "hazard"), rows),)
        return Document(self.command, title, payload, grids, (), self._with(self.space.sentence))

    def script(self, lock_timeout_ms: int, word: Callable[[str], str] = str) -> str:
        """Return a script for psql; it stops at a lock timeout, and can run again.

        `word` translates the notes for the caller.
        """
        head = [f"petrec plan {self.hash}", *map(word, self._with(self.space.needs))]
        return script(head, self.steps, lock_timeout_ms)

    def _with(self, sentence: str) -> tuple[str, ...]:
        missing = tuple(f"before applying it: {each.reason}; {each.fix}" for each in self.missing)
        return (*self.notes, *missing, *self._repairs(), *([sentence] if sentence else []))

    def _repairs(self) -> Iterator[str]:
        """Return which constraints would reject rows, and what to do about these."""
        for name, count in self.refused.items():
            rows = "1 row" if count == 1 else f"{count:,} rows"
            yield f"before applying it: {name} would reject {rows}"
        if self.refused:
            yield Phrased(Phrase.REPAIR_FIRST)


class StepLine(Struct, frozen=True):
    """A step as JSON and YAML show it."""

    object: str
    sql: str
    locks: tuple[Lock, ...]
    waits: str
    hazard: str
    rows: int
    bytes: int
    index_bytes: int


class ConstraintsResult(Result, frozen=True):
    """What was executed, and the state after it."""

    executed: tuple[str, ...]
    status: ConstraintsStatus
    command: str = "constraints apply"

    def frame(self) -> "DataFrame":
        """Return the state of each object as a data frame."""
        return self.status.frame()

    def document(self) -> Document:
        """Return the form for rendering."""
        after = self.status.document()
        done = Grid("Executed", ("SQL",), tuple((sql,) for sql in self.executed))
        title = f"{len(self.executed)} statements executed; {after.title}"
        return Document(self.command, title, self, (done, *after.grids), after.findings)


class Obstacles(Result, frozen=True):
    """Rows that a constraint would refuse, by constraint and by kind of finding."""

    counts: dict[str, int]
    kinds: dict[str, int] = field(default_factory=dict)
    command: str = "constraints apply"

    def frame(self) -> "DataFrame":
        """Return the rows in the way, by object, as a data frame."""
        return counts_frame("object", self.counts)

    def document(self) -> Document:
        """Return the form for rendering."""
        rows = tuple(self.counts.items())
        findings = tuple(
            Finding(name, "error", count, f"{name} would reject them", "petrec review export")
            for name, count in rows
        )
        notes = ("nothing was changed", Phrased(Phrase.REPAIR_FIRST))
        grids = [Grid("Rows that violate it", ("constraint", "rows"), rows)]
        if self.kinds:
            grids.append(Grid("Unresolved", ("kind", "rows"), tuple(self.kinds.items())))
        title = "Unresolved rows block the constraints"
        return Document(self.command, title, self, tuple(grids), findings, notes)


class Filled(Result, frozen=True):
    """Values that a rollback would drop, by table or column."""

    counts: dict[str, int]
    command: str = "constraints rollback"

    def frame(self) -> "DataFrame":
        """Return the counts of what is not empty as a data frame."""
        return counts_frame("object", self.counts)

    def document(self) -> Document:
        """Return the form for rendering."""
        rows = tuple(self.counts.items())
        findings = tuple(
            Finding(name, "error", count, f"{name} is not empty", Phrased(Phrase.KEEP_VISITS))
            for name, count in rows
        )
        notes = ("nothing was changed", Phrased(Phrase.KEEP_VALUES_OR_VISITS))
        grids = (Grid("Not empty", ("table or column", "values"), rows),)
        title = "The visits table or visit_id is not empty, so they are not dropped"
        return Document(self.command, title, self, grids, findings, notes)


def _line(step: Step) -> StepLine:
    return StepLine(
        step.object, step.sql, step.locks, step.waits.value, step.hazard,
        step.rows, step.bytes, step.index_bytes,
    )  # fmt: skip
