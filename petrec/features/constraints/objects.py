"""The guide's schema, one entry for each object, in the order in which they are made."""

from dataclasses import dataclass

from sqlalchemy.dialects import postgresql

from petrec.settings import Mapping

_PREPARER = postgresql.dialect().identifier_preparer  # type: ignore[no-untyped-call]
# The statements are printed, too; whoever hands one to a driver doubles its percent signs.
_PREPARER._double_percents = False  # noqa: SLF001 - there is no public way
_QUOTE = _PREPARER.quote
DEFAULT_GROUPS = ("indexes", "required", "visits")
GROUPS = (*DEFAULT_GROUPS, "membership", "appointment-fk")


@dataclass(frozen=True)
class Item:
    """One object by logical names; `parent` and `on_delete` are those of a foreign key."""

    name: str
    group: str
    kind: str
    table: str
    columns: tuple[str, ...] = ()
    parent: str = ""
    parent_columns: tuple[str, ...] = ("id",)
    on_delete: str = "CASCADE"
    partial: bool = False


def _index(name: str, group: str, table: str, *columns: str, partial: bool = False) -> Item:
    return Item(name, group, "index", table, columns, partial=partial)


def items(groups: tuple[str, ...], on_delete: str) -> list[Item]:
    """Return the objects of these groups; `on_delete` is for the recordings' pet."""
    wanted = (*_recordings(on_delete), *_visits(), *_beyond())
    return [item for item in wanted if item.group in groups]


def _recordings(on_delete: str) -> tuple[Item, ...]:
    recordings, pet = "recordings", "pet_id"
    return (
        _index("idx_recordings_pet_id", "indexes", recordings, pet),
        _index("idx_recordings_appointment_id", "indexes", recordings, "appointment_id"),
        _index("idx_recordings_appointment_pet", "indexes", recordings, "appointment_id", pet),
        _index("idx_recordings_pet_status", "indexes", recordings, pet, "status"),
        Item("recordings_pet_id_not_null", "required", "not null", recordings, (pet,)),
        Item(
            "fk_recordings_pet_id", "required", "foreign key", recordings, (pet,), "pets",
            on_delete=on_delete,
        ),
    )  # fmt: skip


def _visits() -> tuple[Item, ...]:
    v, r, key = "visits", "recordings", "foreign key"
    return (
        Item("visits", v, "table", v),
        Item("fk_visits_pet_id", v, key, v, ("pet_id",), "pets"),
        Item("fk_visits_appointment_id", v, key, v, ("appointment_id",), "appointments"),
        Item("fk_visits_created_by", v, key, v, ("created_by",), "users", on_delete="NO ACTION"),
        _index("idx_visits_pet_id", v, v, "pet_id"),
        _index("idx_visits_appointment_id", v, v, "appointment_id"),
        _index("idx_visits_visit_date", v, v, "visit_date"),
        Item("visit_id", v, "column", r, ("visit_id",)),
        _index("idx_recordings_visit_id", v, r, "visit_id"),
        _index("idx_recordings_visit_pet", v, r, "visit_id", "pet_id", partial=True),
        Item("fk_recordings_visit_id", v, key, r, ("visit_id",), v),
    )


def _beyond() -> tuple[Item, ...]:
    r, key, both = "recordings", "foreign key", ("appointment_id", "pet_id")
    return (
        Item(
            "fk_recordings_membership", "membership", key, r, both, "appointment_pets", both,
            on_delete="NO ACTION",
        ),
        Item(
            "fk_recordings_appointment_id", "appointment-fk", key, r, ("appointment_id",),
            "appointments", on_delete="NO ACTION",
        ),
    )  # fmt: skip


@dataclass(frozen=True)
class Names:
    """Physical names, quoted for SQL."""

    mapping: Mapping

    def table(self, logical: str) -> str:
        """Return the qualified name of a table."""
        return self.in_schema(self.mapping.table(logical))

    def in_schema(self, name: str) -> str:
        """Return a qualified name."""
        return f"{_QUOTE(self.mapping.schema)}.{_QUOTE(name)}"

    def column(self, table: str, logical: str) -> str:
        """Return the name of a column."""
        return str(_QUOTE(self.mapping.column(table, logical)))

    def quote(self, name: str) -> str:
        """Return a name, quoted where it must be."""
        return str(_QUOTE(name))

    def columns(self, table: str, logical: tuple[str, ...]) -> str:
        """Return a list of columns, as a key or an index has it."""
        return ", ".join(self.column(table, column) for column in logical)
