"""The pets that a page lets people search: those of the practices that its open cases belong to."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection, Select, func, select

from petrec.features.review.case import Case
from petrec.features.review.folds import has_day, pet_json
from petrec.features.review.observed import SeenPet
from petrec.postgres.ids import is_one_of
from petrec.postgres.snapshot import stream_copy
from petrec.schema import Schema
from petrec.schema.people import practice_of

# About two megabytes of a page; the pets seen last.
MOST_SEARCHED = 20_000
_decoder = msgspec.json.Decoder(SeenPet)


@dataclass
class PetSearch:
    """Notes the practices of the open cases that go by, then reads the pets of these practices."""

    connection: Connection
    schema: Schema
    practices: set[str] = field(default_factory=set)
    is_open: bool = False

    def watch(self, cases: Iterable[Case]) -> Iterator[Case]:
        """Yield the cases."""
        for case in cases:
            if case.open is not None:
                self.is_open = True
                self.practices.update(text for name, text in case.context if name == "practice")
            yield case

    def pets(self) -> Iterator[SeenPet]:
        """Yield the pets, once all cases have been read; none where practices are unknown."""
        appointments = self.schema.appointments
        has_practices = practice_of(self.schema, self.schema.recordings.c, appointments) is not None
        if not self.is_open or (has_practices and not self.practices):
            return
        if has_practices and "practice_id" not in appointments.c:
            return
        query = _query(self.schema, sorted(self.practices))
        with stream_copy(self.connection, query) as rows:
            for (line,) in rows:
                yield _decoder.decode(line or "")


def _query(schema: Schema, practices: list[str]) -> Select[tuple[str]]:
    """Select the pets that the appointments of some practices list; of all, if none is named."""
    links, appointments, pets = schema.links, schema.appointments, schema.pets
    source = links.join(appointments, appointments.c.id == links.c.appointment_id)
    listed = select(links.c.pet_id.label("id")).select_from(source).group_by(links.c.pet_id)
    if practices:
        listed = listed.where(is_one_of(appointments.c.practice_id, practices))
    if has_day(appointments, "appointment_date"):
        listed = listed.order_by(func.max(appointments.c.appointment_date).desc().nulls_last())
    last = listed.limit(MOST_SEARCHED).subquery("listed_last")
    found = pets.join(last, last.c.id == pets.c.id)
    return select(pet_json(schema, pets)).select_from(found).order_by(pets.c.id)
