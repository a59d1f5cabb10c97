"""The integration guide's schema, one entry per object, in the order of creation."""

from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cache

from petrec.rules.kind import Prevention

DEFAULT_GROUPS = ("indexes", "required", "visits")
GROUPS = (*DEFAULT_GROUPS, "membership", "appointment-fk", "api")


class ObjectKind(StrEnum):
    """What an object is."""

    INDEX = "index"
    NOT_NULL = "not null"
    FOREIGN_KEY = "foreign key"
    TABLE = "table"
    COLUMN = "column"


@dataclass(frozen=True)
class Spec:
    """One object by logical names; `parent` and `on_delete` are those of a foreign key.

    `with_visits` is whether the visits table and visit_id are created with it, if they are missing.
    """

    name: str
    group: str
    kind: ObjectKind
    table: str
    columns: tuple[str, ...] = ()
    parent: str = ""
    parent_columns: tuple[str, ...] = ("id",)
    on_delete: str = "CASCADE"
    partial: bool = False
    with_visits: bool = False


def _index(name: str, group: str, table: str, *columns: str, partial: bool = False) -> Spec:
    return Spec(name, group, ObjectKind.INDEX, table, columns, partial=partial)


@cache
def specs(groups: tuple[str, ...], on_delete: str) -> tuple[Spec, ...]:
    """Return the objects of these groups; `on_delete` is for the recordings' pet."""
    wanted = (*_recordings(on_delete), *_visits(), *_beyond(), *_lists())
    with_visits = "visits" in groups
    return tuple(replace(item, with_visits=with_visits) for item in wanted if item.group in groups)


def _recordings(on_delete: str) -> tuple[Spec, ...]:
    recordings, pet = "recordings", "pet_id"
    return (
        _index("idx_recordings_pet_id", "indexes", recordings, pet),
        _index("idx_recordings_appointment_id", "indexes", recordings, "appointment_id"),
        _index("idx_recordings_appointment_pet", "indexes", recordings, "appointment_id", pet),
        _index("idx_recordings_pet_status", "indexes", recordings, pet, "status"),
        Spec(Prevention.PET_NOT_NULL.value, "required", ObjectKind.NOT_NULL, recordings, (pet,)),
        Spec(
            Prevention.PET_KEY.value, "required", ObjectKind.FOREIGN_KEY, recordings, (pet,),
            "pets", on_delete=on_delete,
        ),
    )  # fmt: skip


def _visits() -> tuple[Spec, ...]:
    v, r, key = "visits", "recordings", ObjectKind.FOREIGN_KEY
    return (
        Spec("visits", v, ObjectKind.TABLE, v),
        Spec("fk_visits_pet_id", v, key, v, ("pet_id",), "pets"),
        Spec("fk_visits_appointment_id", v, key, v, ("appointment_id",), "appointments"),
        Spec("fk_visits_created_by", v, key, v, ("created_by",), "users", on_delete="NO ACTION"),
        _index("idx_visits_pet_id", v, v, "pet_id"),
        _index("idx_visits_appointment_id", v, v, "appointment_id"),
        _index("idx_visits_visit_date", v, v, "visit_date"),
        Spec("visit_id", v, ObjectKind.COLUMN, r, ("visit_id",)),
        _index("idx_recordings_visit_id", v, r, "visit_id"),
        _index("idx_recordings_visit_pet", v, r, "visit_id", "pet_id", partial=True),
        Spec("fk_recordings_visit_id", v, key, r, ("visit_id",), v),
    )


def _beyond() -> tuple[Spec, ...]:
    r, key, both = "recordings", ObjectKind.FOREIGN_KEY, ("appointment_id", "pet_id")
    return (
        Spec(
            Prevention.MEMBERSHIP_KEY.value, "membership", key, r, both, "appointment_pets", both,
            on_delete="NO ACTION",
        ),
        Spec(
            Prevention.APPOINTMENT_KEY.value, "appointment-fk", key, r, ("appointment_id",),
            "appointments", on_delete="NO ACTION",
        ),
    )  # fmt: skip


def _lists() -> tuple[Spec, ...]:
    """Return the indexes that the API's lists read by."""
    group, r, newest = "api", "recordings", ("created_at", "id")
    appointment = "appointment_id"
    return (
        _index("idx_recordings_pet_newest", group, r, "pet_id", *newest),
        _index("idx_recordings_appointment_newest", group, r, appointment, *newest),
        _index("idx_recordings_appointment_pet_newest", group, r, appointment, "pet_id", *newest),
        _index("idx_recordings_visit_pet_newest", group, r, "visit_id", "pet_id", *newest),
        _index("idx_recordings_newest", group, r, *newest),
        _index("idx_recordings_status_newest", group, r, "status", *newest),
        _index("idx_recordings_pet_status_newest", group, r, "pet_id", "status", *newest),
        _index("idx_appointment_pets_pet_id", group, "appointment_pets", "pet_id"),
        _index("idx_visits_pet_newest", group, "visits", "pet_id", "visit_date", "id"),
        _index("idx_pets_owner_id", group, "pets", "owner_id"),
        _index("idx_appointments_pet_owner_id", group, "appointments", "pet_owner_id"),
        _index("idx_appointments_practice_id", group, "appointments", "practice_id"),
    )
