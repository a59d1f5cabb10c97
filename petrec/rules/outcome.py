"""The recording as it would be with the pet and the appointment of a decision."""

from collections.abc import Hashable
from typing import Any

from sqlalchemy import ColumnElement, Select, exists, false, or_, select, true

from petrec.rules.agreement import may_link_sql, visit_contradicts_sql
from petrec.rules.facts import Facts, VisitFacts
from petrec.rules.facts_sql import FactColumns
from petrec.rules.kinds.ok import OK
from petrec.rules.registry import classify, kind_column
from petrec.schema import Schema


def becomes_ok(
    pet: Hashable, appointment: Hashable | None, visit: VisitFacts | None = None
) -> bool:
    """Return whether the recording is `ok` with an existing pet in its existing appointment."""
    facts = Facts(
        pet_id=pet,
        appointment_id=appointment,
        pet_exists=True,
        appointment_exists=appointment is not None,
        linked=frozenset({pet}),
        visit=visit,
    )
    return classify(facts) is OK


def becomes_ok_sql(outcome: FactColumns) -> ColumnElement[bool]:
    """Twin of `becomes_ok`, for the rows of `outcome_query`."""
    return kind_column(outcome) == OK.id


def outcome_query(
    schema: Schema,
    *,
    pet: ColumnElement[Any],
    appointment: ColumnElement[Any],
    visit: ColumnElement[Any] | None,
    adds: ColumnElement[bool],
    can_add: ColumnElement[bool],
) -> Select[Any]:
    """Select the facts of one recording as it would be, as one row; a query beside it is LATERAL.

    `pet` and `appointment` are the decided ones and `visit` is the recording's, expressions over
    that query's tables. `adds` is whether the pet will be added to the appointment, `can_add`
    whether it can be; the column `may_link` is whether the owners agree.
    """
    pets, places, links = schema.pets, schema.appointments, schema.links
    linked = exists().where(links.c.appointment_id == appointment, links.c.pet_id == pet)
    always = select(true().label("always")).subquery("one_row")
    joined = always.outerjoin(pets, pets.c.id == pet).outerjoin(places, places.c.id == appointment)
    differs: ColumnElement[bool] = false()
    if (visits := schema.visits) is not None:
        joined = joined.outerjoin(visits, visits.c.id == visit)
        differs = visit_contradicts_sql(visits, pet, appointment)
    flags = {
        "has_pet": true(),
        "pet_exists": pets.c.id.is_not(None),
        "has_appointment": appointment.is_not(None),
        "appointment_exists": places.c.id.is_not(None),
        "pet_linked": or_(can_add, linked.correlate_except(links)),
        "any_known": true(),
        "single_pet": false(),
        "visit_differs": differs,
        "visit_names_pet": false(),
    }
    labelled = [flag.label(f"petrec_{name}") for name, flag in flags.items()]
    may_link = or_(~adds, may_link_sql(schema, pets, places)).label("may_link")
    columns: list[ColumnElement[Any]] = [may_link, *labelled]
    return select(*columns).select_from(joined)
