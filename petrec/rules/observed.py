"""The query that reads the facts of recordings from the tables.

The pets of an appointment are aggregated to one array per appointment. If a trusted foreign key
proves that a parent exists, the parent table is not joined.
"""

from typing import Any

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    FromClause,
    Select,
    and_,
    any_,
    case,
    cast,
    distinct,
    false,
    func,
    null,
    or_,
    select,
    true,
)

from petrec.rules.agreement import visit_contradicts_sql
from petrec.rules.evidence import certain_pet_sql, strategy_sql
from petrec.rules.facts_sql import JudgedColumns, ObservedColumns
from petrec.schema import Schema


def observed(
    schema: Schema,
    *extra: ColumnElement[Any],
    per_row: bool = False,
    within: ColumnElement[bool] | None = None,
) -> ObservedColumns:
    """Build the plain facts of every recording, or of those `within` a condition.

    See `judged` for the other parameters.
    """
    query = _Observation(schema, per_row=per_row).query(extra)
    within_query = query if within is None else query.where(within)
    return ObservedColumns(within_query.subquery("facts"), _renamed(schema))


def judged(
    schema: Schema,
    *extra: ColumnElement[Any],
    per_row: bool = False,
    within: ColumnElement[bool] | None = None,
) -> JudgedColumns:
    """Build the facts of every recording, with the certain pet where there is one.

    `extra` are further columns of recordings; `per_row` suits a query that joins the facts to a
    few recordings only, `within` is a condition on recordings.
    """
    facts = observed(schema, *extra, per_row=per_row, within=within)
    pet = certain_pet_sql(facts).label("petrec_certain_pet")
    strategy = strategy_sql(facts).label("petrec_strategy")
    judged_rows = select(*facts.source.c, pet, strategy).subquery("judged")
    return JudgedColumns(judged_rows, facts.renamed)


def _renamed(schema: Schema) -> dict[str, str]:
    """Return new names for columns of recordings that have the name of a fact."""
    return {
        column.key: f"petrec_column_{place}"
        for place, column in enumerate(schema.tables.recordings.c)
        if column.name.startswith("petrec_")
    }


class _Observation:
    """The joins for the facts, each parent joined at most once."""

    def __init__(self, schema: Schema, *, per_row: bool) -> None:
        self.schema = schema
        recordings, proofs = schema.recordings, schema.proofs
        self.fold = _fold(schema, per_row=per_row)
        mine = self.fold.c.appointment_id == recordings.c.appointment_id
        self.source: FromClause = recordings.outerjoin(self.fold, true() if per_row else mine)
        self.pet_linked = func.coalesce(recordings.c.pet_id == any_(self.fold.c.pets), false())
        listed = self.fold.c.pets.is_not(None)
        self.pet_exists = self._exists(
            recordings.c.pet_id,
            schema.pets.alias("pet"),
            proven=proofs.recording_pets_exist,
            vouched=self.pet_linked if proofs.link_pets_exist else false(),
        )
        self.appointment_exists = self._exists(
            recordings.c.appointment_id,
            schema.appointments.alias("appointment"),
            proven=proofs.recording_appointments_exist,
            vouched=listed if proofs.link_appointments_exist else false(),
        )
        self._join_visit()

    def _exists(
        self,
        reference: ColumnElement[Any],
        parent: FromClause,
        *,
        proven: bool,
        vouched: ColumnElement[bool],
    ) -> ColumnElement[bool]:
        """Return whether the parent row exists; it is joined only if nothing proves that."""
        if proven:
            return reference.is_not(None)
        doubtful = case((~vouched, reference), else_=null())
        self.source = self.source.outerjoin(parent, parent.c.id == doubtful)
        return or_(vouched, parent.c.id.is_not(None))

    def _join_visit(self) -> None:
        visits, recordings = self.schema.visits, self.schema.recordings
        self.visit_pet: ColumnElement[Any] = cast(null(), self.schema.pets.c.id.type)
        self.visit_names_pet: ColumnElement[bool] = false()
        self.visit_differs: ColumnElement[bool] = false()
        if visits is None:
            return
        self.source = self.source.outerjoin(visits, visits.c.id == recordings.c.visit_id)
        self.visit_pet = visits.c.pet_id
        self.visit_names_pet = self._exists(
            visits.c.pet_id,
            self.schema.pets.alias("visit_pet"),
            proven=self.schema.proofs.visit_pets_exist,
            vouched=false(),
        )
        self.visit_differs = self._visit_differs(visits)

    def _visit_differs(self, visits: FromClause) -> ColumnElement[bool]:
        """Return whether the visit contradicts the recording or its appointment's pets."""
        recordings, pet = self.schema.recordings, visits.c.pet_id
        unlisted = ~func.coalesce(pet == any_(self.fold.c.pets), false())
        lacking = and_(recordings.c.pet_id.is_(None), pet.is_not(None))
        return or_(
            visit_contradicts_sql(visits, recordings.c.pet_id, recordings.c.appointment_id),
            and_(lacking, self.appointment_exists, unlisted),
        )

    def query(self, extra: tuple[ColumnElement[Any], ...]) -> Select[Any]:
        recordings = self.schema.recordings
        known = func.coalesce(self.fold.c.known, 0)
        one = and_(func.coalesce(func.cardinality(self.fold.c.pets), 0) == 1, known == 1)
        facts: dict[str, ColumnElement[Any]] = {
            "has_pet": recordings.c.pet_id.is_not(None),
            "pet_exists": self.pet_exists,
            "has_appointment": recordings.c.appointment_id.is_not(None),
            "appointment_exists": self.appointment_exists,
            "pet_linked": self.pet_linked,
            "any_known": known > 0,
            "single_pet": and_(self.appointment_exists, one),
            "visit_differs": self.visit_differs,
            "visit_names_pet": self.visit_names_pet,
            "linked_pets": self.fold.c.pets,
            "visit_pet": self.visit_pet,
        }
        labelled = [fact.label(f"petrec_{name}") for name, fact in facts.items()]
        renamed = _renamed(self.schema)
        own = [c.label(renamed[c.key]) if c.key in renamed else c for c in recordings.c]
        return select(*own, *extra, *labelled).select_from(self.source)


def _fold(schema: Schema, *, per_row: bool) -> FromClause:
    """One row per appointment: the array of its pets and how many of them exist."""
    links, pets, proofs = schema.links, schema.pets, schema.proofs
    pet = links.c.pet_id if proofs.links_unique else distinct(links.c.pet_id)
    source: FromClause = links
    known: ColumnElement[int] = func.count(pet)
    if not proofs.link_pets_exist:
        source = links.outerjoin(pets, pets.c.id == links.c.pet_id)
        known = func.count(distinct(pets.c.id))
    array = func.array_agg(pet, type_=ARRAY(links.c.pet_id.type)).label("pets")
    query = select(
        links.c.appointment_id.label("appointment_id"), array, known.label("known")
    ).select_from(source)
    query = query.where(links.c.pet_id.is_not(None)).group_by(links.c.appointment_id)
    if not per_row:
        return query.subquery("fold")
    mine = links.c.appointment_id == schema.recordings.c.appointment_id
    return query.where(mine).correlate(schema.recordings).lateral("fold")
