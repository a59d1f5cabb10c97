"""The queries of a review: every doubtful recording, or a few of any kind, as JSON objects."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Select, Text, any_, bindparam, cast, func
from sqlalchemy.dialects.postgresql import ARRAY, array

from petrec.features.review.asked import Asked
from petrec.features.review.case_query import CaseQuery
from petrec.features.review.clock import UTC, Clock
from petrec.features.review.scope import ALL, CaseScope
from petrec.rules import FINDINGS, Kind, Repair
from petrec.schema import Schema

REVIEWED = tuple(kind.id for kind in FINDINGS if kind.repair is Repair.REVIEW)


def kinds_query(
    schema: Schema, kinds: Sequence[Kind], scope: CaseScope = ALL, *, audio: bool = False
) -> Select[Any]:
    """Select the recordings of some kinds within a scope, one kind after the other, by their ids.

    Their cases have the same columns: `needs_place` is the same for all of them.
    """
    observation = CaseQuery(schema, kinds[0], scope.clock, Asked(schema))
    recording = observation.facts.recording
    observation.link_sound(asked=audio)
    wanted = scope.conditions(schema, recording, observation.here)
    names = array([kind.id for kind in kinds])
    query = observation.query().where(observation.kind == any_(names), *wanted)
    return query.order_by(func.array_position(names, observation.kind), recording.id)


def ids_query(schema: Schema, clock: Clock = UTC, *, audio: bool = False) -> Select[Any]:
    """Select recordings by id, the parameter `ids`, whatever their kind is now."""
    ids = bindparam("ids", type_=ARRAY(Text))
    wanted = cast(ids, ARRAY(schema.recordings.c.id.type))
    observation = CaseQuery(schema, None, clock, Asked(schema, wanted))
    observation.link_sound(asked=audio)
    return observation.query().where(observation.facts.recording.id == any_(wanted))
