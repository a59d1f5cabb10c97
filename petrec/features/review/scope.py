"""Which cases an export holds, beside their kind."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import ColumnElement, FromClause, Select, Text, cast, or_, select

from petrec.errors import UsageError
from petrec.features.review.clock import UTC, Clock
from petrec.postgres.ids import is_one_of
from petrec.rules import judged, kind_column
from petrec.schema import Schema, is_moment
from petrec.schema.people import name_of, practice_of


@dataclass(frozen=True)
class CaseScope:
    """Only cases of these practices and vets, recorded in these days; both ends count.

    A vet is named by id or full name, and is who recorded or whose appointment it is. A practice
    that is None stands for cases that belong to none. Days are those of the `clock`.
    """

    practices: tuple[str | None, ...] = ()
    vets: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None
    clock: Clock = UTC

    @property
    def is_all(self) -> bool:
        """Return whether no case is left out."""
        return not (self.practices or self.vets or self.since or self.until)

    def conditions(
        self, schema: Schema, recording: Any, here: FromClause
    ) -> Iterator[ColumnElement[bool]]:
        """Yield what holds for the cases; errors: UsageError where a column is not there."""
        if self.practices:
            yield self._of_practice(schema, recording, here)
        if self.vets:
            yield self._of_vet(schema, recording, here)
        if self.since or self.until:
            yield from self._within(recording)

    def _of_practice(self, schema: Schema, recording: Any, here: FromClause) -> ColumnElement[bool]:
        practice = practice_of(schema, recording, here)
        if practice is None:
            raise lacking("practice", "appointments.practice_id")
        named = [each for each in self.practices if each is not None]
        wanted = is_one_of(practice, named)
        return or_(wanted, practice.is_(None)) if None in self.practices else wanted

    def _of_vet(self, schema: Schema, recording: Any, here: FromClause) -> ColumnElement[bool]:
        people = (recording.get("recorded_by_user_id"), here.c.get("assigned_vet_user_id"))
        present = [person for person in people if person is not None]
        if not present:
            raise lacking("vet", "recordings.recorded_by_user_id")
        by_id = [is_one_of(person, self.vets) for person in present]
        by_name = [name_of(schema.users, person).in_(self.vets) for person in present]
        return or_(*by_id, *by_name)

    def _within(self, recording: Any) -> Iterator[ColumnElement[bool]]:
        made = recording.get("created_at")
        if made is None or not is_moment(made):
            raise lacking("day", "recordings.created_at")
        day = self.clock.day(made)
        if self.since:
            yield day >= self.since
        if self.until:
            yield day <= self.until


ALL = CaseScope()


def lacking(what: str, column: str) -> UsageError:
    """Return that a column is not there which cases would be chosen by."""
    return UsageError(
        f"cases cannot be chosen by {what}: there is no {column}",
        hint="map the column in petrec.toml, or leave the option out",
    )


def practices_query(schema: Schema, kinds: Sequence[str], scope: CaseScope) -> Select[Any]:
    """Select the practices of the cases of some kinds; errors: UsageError where none is known."""
    facts, here = judged(schema), schema.appointments.alias("here")
    practice = practice_of(schema, facts.recording, here)
    if practice is None:
        raise lacking("practice", "appointments.practice_id")
    source = facts.source.outerjoin(here, here.c.id == facts.recording.appointment_id)
    conditions = scope.conditions(schema, facts.recording, here)
    found = select(practice.label("practice")).select_from(source)
    # Distinct by its type, which may hold equal what is written differently.
    each = found.where(kind_column(facts).in_(kinds), *conditions).distinct().subquery("each")
    return select(cast(each.c.practice, Text))
