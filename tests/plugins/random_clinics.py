"""Random small clinics with references of every sort, as rows and as the rules' facts."""

from collections.abc import Mapping as MappingType
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import Connection, text

from petrec.rules.facts import Facts, VisitFacts
from petrec.settings import Mapping

TABLES = ("pets", "appointments", "appointment_pets", "visits", "recordings")
# Ids 1-3 may exist; 9 never does.
_IDS = (1, 2, 3)
_IGNORED = st.sampled_from(
    [frozenset()] * 3
    + [frozenset({one}) for one in ("visits", "recordings.visit_id", "visits.appointment_id")]
)


class Keys(StrEnum):
    """Which foreign keys all rows obey; with those of the links comes their primary key."""

    NONE = "none"
    LINKS = "links"
    ALL = "all"
    MEMBERS = "members"


@dataclass(frozen=True)
class Visit:
    """A row of visits."""

    pet_id: int | None
    appointment_id: int | None


@dataclass(frozen=True)
class Rows:
    """Rows of each table; recordings are (pet, appointment, visit)."""

    pets: Sequence[int] = ()
    appointments: Sequence[int] = ()
    links: Sequence[tuple[int, int | None]] = ()
    visits: Sequence[Visit] = ()
    recordings: Sequence[tuple[int | None, int | None, int | None]] = ()


@dataclass(frozen=True)
class Clinic(Rows):
    """All rows of a small database that count; visits and recordings are numbered from 1.

    `hidden` are rows that do not, since their tables have conditions; they are numbered after them.
    Whom pets and appointments belong to is by their ids. `ignored` is what the mapping leaves out.
    """

    hidden: Rows = field(default_factory=Rows)
    conditions: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()
    pet_owners: MappingType[Any, int | None] = field(default_factory=dict)
    place_owners: MappingType[Any, int | None] = field(default_factory=dict)

    @property
    def mapping(self) -> Mapping:
        """Return the mapping with the conditions, all on a column `counts`."""
        where = dict.fromkeys(sorted(self.conditions - self.ignored), "counts")
        return Mapping(where=where, ignore=tuple(sorted(self.ignored)))

    def facts(self, recording: tuple[int | None, int | None, int | None]) -> Facts:
        """Return what a rule may look at, worked out without SQL."""
        pet, appointment, visit = recording
        linked = frozenset(p for a, p in self.links if a == appointment and p is not None)
        found = self._visit(visit)
        return Facts(
            pet_id=pet,
            appointment_id=appointment,
            pet_exists=pet in self.pets,
            appointment_exists=appointment in self.appointments,
            linked=linked,
            known=linked & frozenset(self.pets),
            visit=VisitFacts(found.pet_id, found.appointment_id, found.pet_id in self.pets)
            if found
            else None,
        )

    def _visit(self, number: int | None) -> Visit | None:
        if self.ignored & {"visits", "recordings.visit_id"}:
            return None
        found = self.visits[number - 1] if number and number <= len(self.visits) else None
        if found and "visits.appointment_id" in self.ignored:
            return replace(found, appointment_id=None)
        return found


@st.composite
def clinics(draw: st.DrawFn, *, keys: Keys = Keys.NONE, may_hide: Sequence[str] = TABLES) -> Clinic:
    """Draw a clinic whose rows obey these keys; some of these tables have conditions."""
    conditions = draw(st.frozensets(st.sampled_from(may_hide))) if may_hide else frozenset()
    rows = draw(_rows(keys))
    counted, hidden = Rows(), Rows()
    for table, name in zip(TABLES, Rows.__dataclass_fields__, strict=True):
        every = getattr(rows, name)
        counts = [table not in conditions or draw(st.booleans()) for _ in every]
        parted = [[row for row, its in zip(every, counts, strict=True) if its is side]
                  for side in (True, False)]  # fmt: skip
        counted, hidden = (
            replace(part, **{name: found})
            for part, found in zip((counted, hidden), parted, strict=True)
        )
    owners = st.fixed_dictionaries(dict.fromkeys(_IDS, st.sampled_from([None, 7, 8])))
    return Clinic(
        **vars(counted),
        hidden=hidden,
        conditions=conditions,
        ignored=draw(_IGNORED),
        pet_owners=draw(owners),
        place_owners=draw(owners),
    )


@st.composite
def _rows(draw: st.DrawFn, keys: Keys) -> Rows:
    """Draw rows that obey the keys."""
    pets, appointments = (sorted(draw(st.frozensets(st.sampled_from(_IDS)))) for _ in range(2))
    keyed = keys is not Keys.NONE
    pet, appointment = (
        _one_of(pets if keyed else [1, 2, 3, 9]),
        _one_of(appointments if keyed else [1, 2, 9]),
    )
    pair = st.tuples(appointment, pet if keyed else pet | st.none())
    may_link = not keyed or (pets and appointments)
    links = draw(st.lists(pair, max_size=6, unique=keyed)) if may_link else []
    strict = keys in (Keys.ALL, Keys.MEMBERS)
    its_pet, its_appointment = (
        st.none() | _one_of(existing if strict else [1, 2, 3, 9])
        for existing in (pets, appointments)
    )
    visits = draw(st.lists(st.builds(Visit, its_pet, its_appointment), max_size=3))
    its_visit = st.none() | _one_of(range(1, len(visits) + 1) if strict else [1, 2, 3, 9])
    who_and_where = st.tuples(its_pet, its_appointment)
    if keys is Keys.MEMBERS:
        anywhere = st.tuples(its_pet, st.none()) | st.tuples(st.none(), its_appointment)
        listed = [(pet, appointment) for appointment, pet in links]
        who_and_where = anywhere | st.sampled_from(listed) if listed else anywhere
    each = st.builds(lambda pair, visit: (*pair, visit), who_and_where, its_visit)
    recordings = draw(st.lists(each, min_size=1, max_size=8))
    return Rows(pets, appointments, links, visits, recordings)


def _one_of(ids: Sequence[int]) -> st.SearchStrategy[int]:
    return st.sampled_from(ids) if ids else st.nothing()


def fill(connection: Connection, clinic: Clinic) -> None:
    """Insert the rows that count and the hidden ones, where the condition is false or NULL."""
    names = Rows.__dataclass_fields__
    for table, name in zip(TABLES, names, strict=True):
        counted, hidden = getattr(clinic, name), getattr(clinic.hidden, name)
        marks = [*(True for _ in counted), *((None, False)[n % 2] for n, _ in enumerate(hidden))]
        values = [
            {
                f"v{place}": value
                for place, value in enumerate((*written(clinic, table, n, row), mark))
            }
            for n, (row, mark) in enumerate(zip([*counted, *hidden], marks, strict=True), 1)
        ]
        if values:
            places = ", ".join(f":{place}" for place in values[0])
            connection.execute(text(f"INSERT INTO public.{table} VALUES ({places})"), values)


def written(clinic: Clinic, table: str, number: int, row: Any) -> tuple[Any, ...]:
    """Return a row's values in the order of its table's columns."""
    match table:
        case "pets":
            return (row, clinic.pet_owners.get(row))
        case "appointments":
            return (row, clinic.place_owners.get(row))
        case "appointment_pets":
            return tuple(row)
        case "visits":
            return (number, row.pet_id, row.appointment_id)
        case _:
            return (number, *row)
