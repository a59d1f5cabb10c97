"""The guide's constraints and indexes: what is there, what is to do, what was done."""

import hashlib
from enum import StrEnum

from msgspec import Struct

from petrec.documents.document import SCHEMA_VERSION, Document, Finding, Grid
from petrec.features.constraints.space_needed import Space

# What the role, the database or psql's own file may have set otherwise.
_SCRIPT_SETS = {
    "search_path": "pg_catalog, pg_temp",
    "default_transaction_read_only": "off",
    "statement_timeout": "0",
    "synchronous_commit": "local",
}
_SCRIPT = (
    "\\set ON_ERROR_STOP on",
    "\\set AUTOCOMMIT on",
    *(f"SET {name} = {value};" for name, value in _SCRIPT_SETS.items()),
    "SELECT set_config(name, '0', false) FROM pg_settings",
    "WHERE name = 'transaction_timeout' \\g /dev/null",
)


class Presence(StrEnum):
    """What the catalog says of one object."""

    PRESENT = "present"
    EQUIVALENT = "equivalent"
    MISSING = "missing"
    INVALID = "invalid"
    BEING_BUILT = "being built"
    IN_THE_WAY = "in the way"
    LEFT_OUT = "left out"


DONE = frozenset({Presence.PRESENT, Presence.EQUIVALENT, Presence.LEFT_OUT})


class ObjectState(Struct, frozen=True):
    """One object of the guide's schema; `actual` is its name where it bears another."""

    name: str
    group: str
    table: str
    kind: str
    presence: Presence
    actual: str = ""
    detail: str = ""

    @property
    def is_done(self) -> bool:
        """Say whether nothing is to be done."""
        return self.presence in DONE


class ConstraintsStatus(Struct, frozen=True):
    """Every object that was asked for."""

    objects: tuple[ObjectState, ...]
    notes: tuple[str, ...] = ()
    command: str = "constraints status"
    schema_version: int = SCHEMA_VERSION

    @property
    def is_complete(self) -> bool:
        """Say whether everything is present and valid."""
        return all(each.is_done for each in self.objects)

    def document(self) -> Document:
        """Return the form for rendering."""
        done = sum(each.is_done for each in self.objects)
        columns = ("object", "kind", "table", "group", "state", "remark")
        rows = tuple(
            (e.name, e.kind, e.table, e.group, str(e.presence), e.detail) for e in self.objects
        )
        title = f"{done} of {len(self.objects)} constraints and indexes need nothing"
        findings = tuple(_finding(each) for each in self.objects)
        grids = (Grid("Objects", columns, rows),)
        return Document(self.command, title, self, grids, findings, self.notes)


def _finding(state: ObjectState) -> Finding:
    message = f"{state.name} on {state.table} is {state.presence}"
    help_text = "" if state.is_done else "petrec constraints plan"
    return Finding(state.name, "error", int(not state.is_done), message, help_text, unit="")


class Lock(Struct, frozen=True):
    """A lock that a step takes, as pg_locks names its mode."""

    mode: str
    table: str


class Step(Struct, frozen=True):
    """One statement, run alone; `waits` is short for locks that stop the application.

    `rows` and `bytes` are what it reads, `index_bytes` the size of the index that it builds.
    """

    object: str
    sql: str
    locks: tuple[Lock, ...]
    waits: str
    hazard: str = ""
    rows: int = 0
    bytes: int = 0
    index_bytes: int = 0


class Problem(Struct, frozen=True):
    """What would stop the plan at an object, and what to do about it."""

    object: str
    reason: str
    fix: str


class ConstraintsPlan(Struct, frozen=True):
    """The ordered steps; equal steps have equal hashes."""

    steps: tuple[Step, ...]
    notes: tuple[str, ...] = ()
    command: str = "constraints plan"
    schema_version: int = SCHEMA_VERSION
    space: Space = Space()
    missing: tuple[Problem, ...] = ()

    @property
    def hash(self) -> str:
        """Return what `apply --plan` takes: a digest of the statements in order."""
        return hashlib.sha256("\n".join(step.sql for step in self.steps).encode()).hexdigest()[:16]

    def document(self) -> Document:
        """Return the form for rendering."""
        columns = ("step", "SQL", "locks", "waits", "rows read", "bytes read", "index bytes")
        rows = tuple(
            (number, s.sql, _locks(s), s.waits, s.rows, s.bytes, s.index_bytes, s.hazard)
            for number, s in enumerate(self.steps, 1)
        )
        title = f"{len(self.steps)} steps, plan {self.hash}"
        payload = {
            "command": self.command,
            "schema_version": self.schema_version,
            "hash": self.hash,
            "steps": self.steps,
            "notes": self.notes,
            "space": self.space,
            "missing": self.missing,
        }
        grids = (Grid("Steps", (*columns, "hazard"), rows),)
        return Document(self.command, title, payload, grids, (), self._with(self.space.sentence))

    def script(self, lock_timeout_ms: int) -> str:
        """Return a script for psql; a lock that is not to be had ends it, and it can run again."""
        lines = [f"-- petrec plan {self.hash}", *_SCRIPT]
        lines += [_comment(note) for note in self._with(self.space.needs)]
        for step in self.steps:
            limit = lock_timeout_ms if step.waits == "short" else 0
            lines += [_comment(_locks(step)), f"SET lock_timeout = {limit};", f"{step.sql};"]
        lines += [f"RESET {name};" for name in ("lock_timeout", *_SCRIPT_SETS)]
        return "\n".join(lines) + "\n"

    def _with(self, sentence: str) -> tuple[str, ...]:
        missing = tuple(f"to apply it: {each.reason}; {each.fix}" for each in self.missing)
        return (*self.notes, *missing, *([sentence] if sentence else []))


def _comment(words: str) -> str:
    """Return one line: a name may hold line ends, after which SQL would begin."""
    return f"-- {' '.join(words.splitlines())}"


def _locks(step: Step) -> str:
    return ", ".join(f"{lock.mode} on {lock.table}" for lock in step.locks)


class ConstraintsResult(Struct, frozen=True):
    """What was executed, and the state after it."""

    executed: tuple[str, ...]
    status: ConstraintsStatus
    command: str = "constraints apply"
    schema_version: int = SCHEMA_VERSION

    def document(self) -> Document:
        """Return the form for rendering."""
        after = self.status.document()
        done = Grid("Executed", ("SQL",), tuple((sql,) for sql in self.executed))
        title = f"{len(self.executed)} statements executed; {after.title}"
        return Document(self.command, title, self, (done, *after.grids), after.findings)


class Obstacles(Struct, frozen=True):
    """Rows that a constraint would refuse, by constraint and by kind of finding."""

    counts: dict[str, int]
    kinds: dict[str, int] = {}
    command: str = "constraints apply"
    schema_version: int = SCHEMA_VERSION

    def document(self) -> Document:
        """Return the form for rendering."""
        rows = tuple(self.counts.items())
        findings = tuple(
            Finding(name, "error", count, f"{name} would refuse them", "petrec review export")
            for name, count in rows
        )
        notes = (
            "nothing was changed",
            "certain cases: petrec backfill --apply; export the others: petrec review export",
        )
        grids = [Grid("Rows that break it", ("constraint", "rows"), rows)]
        if self.kinds:
            grids.append(Grid("Unresolved", ("kind", "rows"), tuple(self.kinds.items())))
        title = "Unresolved rows stand in the way of the constraints"
        return Document(self.command, title, self, tuple(grids), findings, notes)


class Filled(Struct, frozen=True):
    """Values that a rollback would have to drop, by table or column."""

    counts: dict[str, int]
    command: str = "constraints rollback"
    schema_version: int = SCHEMA_VERSION

    def document(self) -> Document:
        """Return the form for rendering."""
        rows = tuple(self.counts.items())
        findings = tuple(
            Finding(name, "error", count, f"{name} is not empty", "leave --drop-visits out")
            for name, count in rows
        )
        notes = (
            "nothing was changed",
            "keep the values elsewhere and delete them yourself; or leave --drop-visits out",
        )
        grids = (Grid("Not empty", ("table or column", "values"), rows),)
        title = "Values stand in the way of dropping the visits table and visit_id"
        return Document(self.command, title, self, grids, findings, notes)
