"""The facts of a recording as SQL columns; twin of `facts`, read by `observed`."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import ColumnElement, and_, or_
from sqlalchemy.sql import base
from sqlalchemy.sql.base import ReadOnlyColumnCollection
from sqlalchemy.sql.elements import KeyedColumnElement
from sqlalchemy.sql.selectable import FromClause


class FactColumns:
    """The facts of each row of `source`, a subquery; flags are boolean and never NULL.

    Rows are recordings, whose own columns `recording` has, or groups of them with equal flags.
    """

    FLAGS = (
        "has_pet",
        "pet_exists",
        "has_appointment",
        "appointment_exists",
        "pet_linked",
        "any_known",
        "single_pet",
        "visit_differs",
        "visit_names_pet",
    )

    def __init__(self, source: FromClause, renamed: Mapping[str, str] | None = None) -> None:
        """Name the columns of a subquery that has the flags.

        `renamed` holds the subquery's names of renamed columns of recordings.
        """
        self.source = source
        self.renamed = renamed or {}
        self.recording = _columns_of_recording(source, self.renamed)
        self.has_pet: ColumnElement[bool] = source.c.petrec_has_pet
        self.pet_exists: ColumnElement[bool] = source.c.petrec_pet_exists
        self.has_appointment: ColumnElement[bool] = source.c.petrec_has_appointment
        self.appointment_exists: ColumnElement[bool] = source.c.petrec_appointment_exists
        self.pet_linked: ColumnElement[bool] = source.c.petrec_pet_linked
        self.any_known: ColumnElement[bool] = source.c.petrec_any_known
        self.single_pet: ColumnElement[bool] = source.c.petrec_single_pet
        self.visit_differs: ColumnElement[bool] = source.c.petrec_visit_differs
        self.visit_names_pet: ColumnElement[bool] = source.c.petrec_visit_names_pet

    @property
    def flags(self) -> list[ColumnElement[bool]]:
        """Return all flags that the rules use."""
        return [self.source.c[f"petrec_{name}"] for name in self.FLAGS]

    @property
    def appointment_ok(self) -> ColumnElement[bool]:
        """The appointment named, if any, exists."""
        return or_(~self.has_appointment, self.appointment_exists)

    @property
    def pet_ok(self) -> ColumnElement[bool]:
        """The pet exists and was in the appointment, if there is one."""
        in_appointment = and_(self.appointment_exists, self.pet_linked)
        return and_(self.has_pet, self.pet_exists, or_(~self.has_appointment, in_appointment))


class ObservedColumns(FactColumns):
    """The facts of recordings as the tables hold them, with the pets that the evidence names."""

    def __init__(self, source: FromClause, renamed: Mapping[str, str] | None = None) -> None:
        """Name the columns of a subquery that `observed` built, or one with the same columns."""
        super().__init__(source, renamed)
        self.linked_pets: ColumnElement[Any] = source.c.petrec_linked_pets
        self.visit_pet: ColumnElement[Any] = source.c.petrec_visit_pet


class JudgedColumns(ObservedColumns):
    """The same with the certain pet and the strategy that found it; both NULL where none did."""

    def __init__(self, source: FromClause, renamed: Mapping[str, str] | None = None) -> None:
        """Name the columns of a subquery that `judged` built."""
        super().__init__(source, renamed)
        self.certain_pet: ColumnElement[Any] = source.c.petrec_certain_pet
        self.strategy: ColumnElement[str] = source.c.petrec_strategy


def _columns_of_recording(
    source: FromClause, renamed: Mapping[str, str]
) -> ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]:
    keys = {inner: key for key, inner in renamed.items()}
    columns = [(keys.get(column.key, column.key), column) for column in source.c]
    # SQLAlchemy 2.0 has one class where 2.1 has two.
    collection: Any = getattr(base, "WriteableColumnCollection", base.ColumnCollection)
    readable: ReadOnlyColumnCollection[str, KeyedColumnElement[Any]]
    readable = collection(columns).as_readonly()
    return readable
