"""The query that reads the facts of recordings from the tables.

Each table is joined once: a recording asks for one pet, its own or, without one, its visit's. The
pets that an appointment lists are aggregated to one array. If a trusted foreign key proves that a
parent exists, the parent table is not joined.
"""

from typing import Any

from sqlalchemy import (
    ColumnElement,
    FromClause,
    Select,
    and_,
    case,
    cast,
    false,
    func,
    null,
    or_,
    select,
    true,
)
from sqlalchemy.sql.selectable import NamedFromClause

from petrec.rules.agreement import owner_differs_sql, visit_contradicts_sql
from petrec.rules.evidence import certain_pet_sql, strategy_sql
from petrec.rules.facts_sql import JudgedColumns, ObservedColumns
from petrec.rules.lists import Lists, join_lists
from petrec.schema import Schema


def observed(
    schema: Schema,
    *extra: ColumnElement[Any],
    lists: Lists = Lists.EVERY,
    within: ColumnElement[bool] | None = None,
    owners: bool = False,
) -> ObservedColumns:
    """Build the plain facts of every recording, or of those `within` a condition.

    `owners` adds petrec_owner_differs: whether the pet's owner is not the appointment's. See
    `judged` for the other parameters.
    """
    query = _Observation(schema, lists, owners=owners).query(extra)
    within_query = query if within is None else query.where(within)
    return ObservedColumns(within_query.subquery("facts"), _renamed(schema))


def judged(
    schema: Schema,
    *extra: ColumnElement[Any],
    lists: Lists = Lists.EVERY,
    within: ColumnElement[bool] | None = None,
) -> JudgedColumns:
    """Build the facts of every recording, with the certain pet where there is one.

    `extra` are further columns of recordings, `lists` is how the appointments' pets are read, and
    `within` is a condition on recordings.
    """
    facts = observed(schema, *extra, lists=lists, within=within)
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


def _visits(schema: Schema) -> NamedFromClause | None:
    """Return the visits; where nodes have them apart from their recordings, as one whole.

    Citus plans a subquery with OFFSET by itself, and sends its rows to the nodes that join them.
    """
    visits = schema.visits
    if visits is None or not schema.layout.gathers_visits:
        return visits
    needed = [visits.c[name] for name in ("id", "pet_id", "appointment_id") if name in visits.c]
    return select(*needed).offset(0).subquery("visits")


class _Observation:
    """The joins for the facts, each parent joined at most once."""

    def __init__(self, schema: Schema, lists: Lists, *, owners: bool) -> None:
        self.schema, self.owners = schema, owners
        self.pet = schema.pets.alias("pet")
        self.appointment = schema.appointments.alias("appointment")
        self.has_pet = schema.recordings.c.pet_id.is_not(None)
        self.source: FromClause = schema.recordings
        self.asked: ColumnElement[Any] = schema.recordings.c.pet_id
        self.visit_pet: ColumnElement[Any] = cast(null(), schema.pets.c.id.type)
        self.visits = _visits(schema)
        if (visits := self.visits) is not None:
            self.visit_pet = visits.c.pet_id
            self.asked = func.coalesce(self.asked, self.visit_pet)
            here = visits.c.id == schema.recordings.c.visit_id
            self.source = self.source.outerjoin(visits, here)
        self.listing = join_lists(schema, self.source, lists, self.asked)
        self.source = self.listing.source
        self.pet_linked = and_(self.has_pet, self.listing.asked_for)
        self.listed = self._only_listed()
        self.pet_found = self._pet_found()
        found = case((self.pet_found, self.listing.size), else_=0)
        self.known = found if self.listing.known is None else self.listing.known
        self.appointment_exists = self._appointment_exists()

    def _only_listed(self) -> ColumnElement[Any] | None:
        """Return the only listed pet, where nothing else is asked for and no list looked it up."""
        if self.listing.known is not None:
            return None
        only = and_(self.listing.size == 1, self.asked.is_(None))
        return case((only, self.listing.pets[1]), else_=null())

    def _pet_found(self) -> ColumnElement[bool]:
        """Return whether the pet exists: the recording's, else its visit's, else the `listed`."""
        proofs, asked = self.schema.proofs, self.asked
        visits_proven = self.schema.visits is None or proofs.visit_pets_exist
        if self.listed is not None:
            asked, visits_proven = func.coalesce(asked, self.listed), False
        vouched = [self.listing.asked_for] if proofs.link_pets_exist else []
        vouched += [self.has_pet] if proofs.recording_pets_exist else []
        vouched += [~self.has_pet] if visits_proven else []
        proven = proofs.recording_pets_exist and visits_proven
        return self._exists(asked, self.pet, proven=proven, vouched=or_(false(), *vouched))

    def _appointment_exists(self) -> ColumnElement[bool]:
        proofs = self.schema.proofs
        listed = or_(self.listing.asked_for, self.listing.size > 0)
        return self._exists(
            self.schema.recordings.c.appointment_id,
            self.appointment,
            proven=proofs.recording_appointments_exist,
            vouched=listed if proofs.link_appointments_exist else false(),
        )

    def _exists(
        self,
        reference: ColumnElement[Any],
        parent: FromClause,
        *,
        proven: bool,
        vouched: ColumnElement[bool],
    ) -> ColumnElement[bool]:
        """Return whether the parent row exists; it is read only where something needs that."""
        if proven and not self.owners:
            return reference.is_not(None)
        doubtful = reference if self.owners else case((~vouched, reference), else_=null())
        self.source = self.source.outerjoin(parent, parent.c.id == doubtful)
        return and_(reference.is_not(None), or_(vouched, parent.c.id.is_not(None)))

    def _visit_differs(self) -> ColumnElement[bool]:
        """Return whether the visit contradicts the recording or its appointment's pets."""
        recordings, visits = self.schema.recordings, self.visits
        if visits is None:
            return false()
        unlisted = and_(self.visit_pet.is_not(None), ~self.listing.asked_for)
        return or_(
            visit_contradicts_sql(visits, recordings.c.pet_id, recordings.c.appointment_id),
            and_(~self.has_pet, self.appointment_exists, unlisted),
        )

    def query(self, extra: tuple[ColumnElement[Any], ...]) -> Select[Any]:
        recordings, listing = self.schema.recordings, self.listing
        one = and_(listing.size == 1, self.known == 1)
        visits_pet = true() if self.listed is None else self.visit_pet.is_not(None)
        facts: dict[str, ColumnElement[Any]] = {
            "has_pet": self.has_pet,
            "pet_exists": and_(self.has_pet, self.pet_found),
            "has_appointment": recordings.c.appointment_id.is_not(None),
            "appointment_exists": self.appointment_exists,
            "pet_linked": self.pet_linked,
            "any_known": self.known > 0,
            "single_pet": and_(self.appointment_exists, one),
            "visit_differs": self._visit_differs(),
            "visit_names_pet": and_(~self.has_pet, visits_pet, self.pet_found),
            "linked_pets": listing.pets,
            "visit_pet": self.visit_pet,
        }
        if self.owners:
            differs = func.coalesce(owner_differs_sql(self.pet, self.appointment), false())
            facts["owner_differs"] = and_(self.has_pet, differs)
        labelled = [fact.label(f"petrec_{name}") for name, fact in facts.items()]
        renamed = _renamed(self.schema)
        own = [c.label(renamed[c.key]) if c.key in renamed else c for c in recordings.c]
        return select(*own, *extra, *labelled).select_from(self.source)
