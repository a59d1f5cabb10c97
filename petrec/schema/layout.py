"""How the mapped tables lie on the nodes of a Citus cluster, and what that allows.

A table of the coordinator is as good as one of plain PostgreSQL. The tables of a tenant lie on one
worker, together. Hashed tables lie on all workers, each row by the hash of one column.
"""

from collections.abc import Iterable, Iterator
from collections.abc import Mapping as MappingType
from dataclasses import dataclass
from enum import StrEnum

from petrec.errors import UnsupportedServerError
from petrec.settings import Mapping

# The column by which each hashed table has to be distributed, so that what belongs to one
# appointment lies on one node.
_BESIDE = (
    ("appointments", "id"),
    ("appointment_pets", "appointment_id"),
    ("recordings", "appointment_id"),
)
_JUDGED = ("appointments", "appointment_pets", "pets", "visits")
_SEVERAL = (
    "recordings are on several nodes, which have no common snapshot: counts may be off by the "
    "rows written meanwhile"
)
_UNLINKED = "petrec does not add pets to appointments on Citus, nor remove them"
_UNMOVED = "Citus cannot move recordings to another appointment, by which they are distributed"
_HINT = "petrec explain scale tells which layouts petrec supports"


class Spread(StrEnum):
    """Where the rows of one table are."""

    LOCAL = "local"
    MANAGED = "managed"
    REFERENCE = "reference"
    TENANT = "tenant"
    HASHED = "hashed"
    OTHER = "other"


@dataclass(frozen=True)
class Placement:
    """The place of one table; tables of one `colocation` lie side by side.

    `column` is the physical name of the distribution column of a hashed table.
    """

    spread: Spread = Spread.LOCAL
    colocation: int = 0
    column: str = ""

    @property
    def words(self) -> str:
        """Return what kind of table it is."""
        names = {
            Spread.TENANT: "table of a tenant",
            Spread.HASHED: f"table distributed by {self.column}",
        }
        return names.get(self.spread, f"{self.spread} table")

    def can_refer(self, parent: "Placement", columns: Iterable[tuple[str, str]]) -> bool:
        """Return whether Citus supports a foreign key of these pairs of columns to a table.

        https://docs.citusdata.com/en/stable/develop/reference_ddl.html#adding-modifying-columns
        """
        if Spread.OTHER in {self.spread, parent.spread}:
            return True
        if self.spread in _ON_COORDINATOR:
            return parent.spread in _ON_COORDINATOR
        if parent.spread is Spread.REFERENCE:
            return True
        beside = self.spread is parent.spread and self.colocation == parent.colocation
        return beside and (self.spread is Spread.TENANT or (self.column, parent.column) in columns)


_ON_COORDINATOR = {Spread.LOCAL, Spread.MANAGED, Spread.REFERENCE}
_HERE = Placement()


@dataclass(frozen=True)
class Layout:
    """Where recordings are, and what that allows.

    `can_write` is whether petrec writes to them, `proves` whether constraints in the catalog speak
    for the rows, and `one_snapshot` whether a transaction reads all rows as of one moment.
    `gathers_visits` is whether a visit may lie on another node than its recording.
    """

    spread: Spread = Spread.LOCAL
    can_write: bool = True
    proves: bool = True
    one_snapshot: bool = True
    gathers_visits: bool = False

    @property
    def is_here(self) -> bool:
        """Return whether recordings lie in the database of the connection itself."""
        return self.spread is Spread.LOCAL

    @property
    def is_sharded(self) -> bool:
        """Return whether recordings lie on several nodes, by the hash of their appointment."""
        return self.spread is Spread.HASHED

    @property
    def unwritten(self) -> str:
        """Return why petrec does not write to recordings in this layout."""
        return f"petrec does not write to {self.spread} tables of Citus; reading works"

    @property
    def unlinked(self) -> str:
        """Return why pets are not added to appointments, nor removed; empty where they are."""
        return "" if self.is_here else _UNLINKED

    @property
    def unmoved(self) -> str:
        """Return why recordings stay in their appointments; empty where they can be moved."""
        return _UNMOVED if self.is_sharded else ""

    @property
    def remarks(self) -> tuple[str, ...]:
        """Return what a reader of every result has to know."""
        return () if self.one_snapshot else (_SEVERAL,)


PLAIN = Layout()


def layout_of(mapping: Mapping, places: MappingType[str, Placement]) -> Layout:
    """Return what the places of the used tables allow, by logical name.

    Errors: UnsupportedServerError where tables cannot be judged together.
    """
    recordings = places.get("recordings", _HERE).spread
    if all(place.spread is Spread.LOCAL for place in places.values()):
        return PLAIN
    if strays := list(_strays(mapping, places)):
        raise UnsupportedServerError(
            f"Citus has recordings and {', '.join(strays)} on different nodes: they cannot be "
            "judged together",
            hint=_HINT,
        )
    if recordings is Spread.LOCAL:
        return Layout(proves=False)
    several = recordings is Spread.HASHED
    apart = several and "visits" in places and places["visits"].spread is not Spread.REFERENCE
    return Layout(
        recordings,
        can_write=recordings in {Spread.TENANT, Spread.HASHED},
        proves=False,
        one_snapshot=not several,
        gathers_visits=apart,
    )


def _strays(mapping: Mapping, places: MappingType[str, Placement]) -> Iterator[str]:
    """Yield the tables that do not lie beside the recordings."""
    mine = places.get("recordings", _HERE)
    columns = {name: mapping.column(name, column) for name, column in _BESIDE}
    apart = {"visits"} if mine.spread is Spread.HASHED else set()
    used = [name for name in _JUDGED if name in places and name not in apart]
    for name in used:
        everywhere = name in {"pets", "visits"} and places[name].spread is Spread.REFERENCE
        if not (everywhere or _is_beside(mine, places[name], columns.get(name))):
            yield name
    if mine.spread is Spread.HASHED and mine.column != columns["recordings"]:
        yield f"what belongs to them, because they are distributed by {mine.column},"


def _is_beside(mine: Placement, other: Placement, column: str | None) -> bool:
    if mine.spread is Spread.HASHED:
        return mine.colocation == other.colocation and column == other.column
    if mine.spread is Spread.TENANT:
        same = other.spread is Spread.TENANT and mine.colocation == other.colocation
        return same or other.spread is Spread.REFERENCE
    return mine.spread in _ON_COORDINATOR and other.spread in _ON_COORDINATOR
