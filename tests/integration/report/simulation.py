"""Thirty days in the life of a clinic: damage comes, goes and comes back, and is counted apart."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import msgspec
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from petrec.features.audit.origins.by import run_audit_by
from petrec.features.report import ReportWindow, build_report
from petrec.features.report.history import Comparison
from petrec.features.report.result import ReportResult
from petrec.postgres.preflight import load_schema
from petrec.postgres.snapshot import read_snapshot
from petrec.postgres.source import DatabaseSource
from petrec.settings import Settings
from tests.plugins.databases import Database

DAYS = 30
LAST = datetime(2025, 9, 1, 10, 0, tzinfo=UTC)
KINDS = ("missing_inferable", "missing_ambiguous")
# Recordings that are sound, by the number of pets in their appointment.
SOUND = """
SELECT r.id, r.pet_id FROM recordings r
JOIN appointment_pets mine ON (mine.appointment_id, mine.pet_id) = (r.appointment_id, r.pet_id)
WHERE (SELECT count(*) FROM appointment_pets a WHERE a.appointment_id = r.appointment_id) {}
ORDER BY r.id LIMIT %s
"""

Comparing = Callable[..., AbstractContextManager[Comparison]]


@contextmanager
def engine_of(database: Database) -> Iterator[Engine]:
    """An engine as a command would have it."""
    url = database.dsn.replace("postgresql:", "postgresql+psycopg:")
    engine = create_engine(
        url, poolclass=NullPool, connect_args={"options": "-c TimeZone=UTC -c DateStyle=ISO"}
    )
    yield engine
    engine.dispose()


def report_on(
    engine: Engine,
    taken_at: datetime,
    comparing: Comparing,
    scope: ReportWindow | None = None,
    by: str = "",
) -> ReportResult:
    """Make a report as of another day."""
    with read_snapshot(engine) as connection:
        schema = load_schema(connection, Settings().mapping)
        source = DatabaseSource(connection)
        audit = msgspec.structs.replace(run_audit_by(source, schema, by), taken_at=taken_at)
        with comparing(source, schema, audit) as comparison:
            return build_report(source, schema, audit, comparison, scope or ReportWindow())


@dataclass
class Clinic:
    """A clinic whose damage is known, since it is done here."""

    database: Database
    sound: dict[str, list[tuple[Any, Any]]] = field(default_factory=dict)
    broken: dict[str, list[tuple[Any, Any]]] = field(default_factory=dict)
    mended: dict[str, list[tuple[Any, Any]]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for kind, pets in zip(KINDS, ("= 1", "> 1"), strict=True):
            self.sound[kind] = self.database.execute(SOUND.format(pets), (400,))
            self.broken[kind], self.mended[kind] = [], []

    def spoil(self, kind: str, number: int) -> None:
        """Break sound recordings for the first time."""
        self._move(self.sound[kind], self.broken[kind], number, lost=True)

    def mend(self, kind: str, number: int) -> None:
        """Repair broken ones."""
        self._move(self.broken[kind], self.mended[kind], number, lost=False)

    def relapse(self, kind: str, number: int) -> None:
        """Break again what was repaired."""
        self._move(self.mended[kind], self.broken[kind], number, lost=True)

    def _move(self, source: list[Any], target: list[Any], number: int, *, lost: bool) -> None:
        moved = [source.pop(0) for _ in range(number)]
        target += moved
        with self.database.connect() as connection:
            for recording, pet in moved:
                connection.execute(
                    "UPDATE recordings SET pet_id = %s WHERE id = %s",
                    (None if lost else pet, recording),
                )


@dataclass(frozen=True)
class Plan:
    """What happens on one day: per kind how many come, go and come back."""

    new: Counter[str]
    fixed: Counter[str]
    reappeared: Counter[str]


def plan(day: int) -> Plan:
    """Damage grows for a while, then the application is mended and people catch up."""
    if day < 16:
        few = {"missing_inferable": 3 + day % 5, "missing_ambiguous": 1 + day % 3}
        return Plan(Counter(few), Counter(missing_inferable=day % 3), Counter())
    back = Counter(missing_inferable=2) if day in {20, 24} else Counter[str]()
    came = Counter(missing_ambiguous=1) if day % 4 == 0 else Counter[str]()
    fixed = Counter(missing_inferable=3 if day < 29 else 0, missing_ambiguous=1)
    return Plan(came, fixed, back)


def live(clinic: Clinic, day: int) -> Plan:
    """Let one day happen."""
    today = plan(day)
    for kind in KINDS:
        clinic.mend(kind, today.fixed[kind])
        clinic.relapse(kind, today.reappeared[kind])
        clinic.spoil(kind, today.new[kind])
    return today


def moment(day: int) -> datetime:
    """Return when the report of a day is made."""
    return LAST - timedelta(days=DAYS - 1 - day)
