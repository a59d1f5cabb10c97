"""Rows of the catalog queries, typed."""

from dataclasses import dataclass

from petrec.features.constraints.names import Name
from petrec.postgres.enforced import Demand, Enforced, Nature
from petrec.schema import Placement

_HERE = Placement()


@dataclass(frozen=True)
class TableRow:
    """A table; `rules` says whether it has rules on UPDATE or DELETE.

    `stranded` is whether a coordinator of Citus still has rows from before it was distributed,
    `placement` which nodes of a cluster have its rows.
    """

    name: str
    oid: int
    relkind: str
    rows: int
    bytes: int
    persistence: str
    partition: bool
    owned: bool
    owner: str
    rules: bool
    stranded: bool = False
    placement: Placement = _HERE


@dataclass(frozen=True)
class Part:
    """A partitioned table, or one below it; `root` is the name of the topmost table."""

    root: str
    oid: int
    parent: int | None
    leaf: bool
    level: int
    name: str
    schema: str
    relkind: str
    rows: int
    bytes: int
    owned: bool
    owner: str
    usable: bool
    creatable: bool

    @property
    def qualified(self) -> Name:
        """Return its name with its schema."""
        return Name(self.schema, self.name)


@dataclass(frozen=True)
class ColumnRow:
    """A column; `width` is the average in bytes."""

    table: str
    name: str
    required: bool
    type: str
    usable: bool
    virtual: bool
    referable: bool
    readable: bool
    width: int


@dataclass(frozen=True)
class ConstraintRow:
    """A constraint; `demands_value` is true for a check that its one column is not NULL."""

    name: str
    type: str
    table: str
    valid: bool
    on_delete: str
    parent_oid: int | None
    attached: bool
    inherited: bool
    local: bool
    demands_value: bool
    enforced: bool
    columns: list[str]
    parent_columns: list[str]
    definition: str
    table_oid: int
    oid: int
    schema: str

    def is_key(self, columns: tuple[str, ...], parent: int, referenced: tuple[str, ...]) -> bool:
        """Return whether it is a foreign key of these columns to the table `parent`, by OID."""
        if self.type != Nature.FOREIGN_KEY:
            return False
        demand = Demand(Nature.FOREIGN_KEY, self.table_oid, columns, parent, referenced)
        return demand.is_met_by(
            Enforced(
                name=self.name,
                nature=Nature.FOREIGN_KEY,
                oid=self.table_oid,
                valid=self.valid and self.enforced,
                columns=tuple(self.columns),
                parent=self.parent_oid or 0,
                referenced=tuple(self.parent_columns),
            )
        )


@dataclass(frozen=True)
class IndexRow:
    """An index; `attached_to` is the index of the parent table that it belongs to."""

    name: str
    table: str
    valid: bool
    whole: bool
    keys: int
    unique: bool
    immediate: bool
    where_given: bool
    definition: str
    oid: int
    table_oid: int
    schema: str
    attached_to: int | None
    plain: bool
    attachable: bool
    building: bool
    columns: list[str]


@dataclass(frozen=True)
class RoleRow:
    """The role of this session, the roles that may read recordings but not visits, superusers."""

    role: str
    standby: bool
    creates: bool
    readers: list[str]
    superusers: list[str]


@dataclass(frozen=True)
class UnlikeRow:
    """Two columns that a foreign key cannot connect, by physical names."""

    child: str
    own: str
    parent: str
    other: str
    type: str
    parent_type: str
