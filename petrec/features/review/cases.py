"""Build a case from the observed values: candidates in the order of their hints."""

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from itertools import groupby, islice
from operator import attrgetter
from typing import Any

import msgspec
from sqlalchemy import Connection, Select, Text, any_, bindparam, cast, select, text
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.features.review.audio import Audio
from petrec.features.review.candidates import Option, open_verdict, options
from petrec.features.review.case import Candidate, Case, Strength, Suggestion, Verdict
from petrec.features.review.clock import UTC, Clock
from petrec.features.review.folds import as_text
from petrec.features.review.observed import Observed, SeenPet
from petrec.features.review.query import ids_query, kinds_query
from petrec.features.review.scope import ALL, CaseScope, practices_query
from petrec.features.review.suggest import rank, suggestions
from petrec.postgres.foreseen import Lacking, what_is_lacking
from petrec.postgres.session_state import set_local
from petrec.postgres.snapshot import stream_copy
from petrec.rules import kind_by_id
from petrec.schema import Schema
from petrec.schema.people import owner_of

# Nobody reads a longer list; other pets can be named by id.
MOST_CANDIDATES = 60
LONGEST_TEXT = 1000
_NOTHING = Lacking()
_MAY_LOOP = text("SELECT current_setting('enable_nestloop')")
_decoder = msgspec.json.Decoder(Observed)


def stream_cases(
    connection: Connection,
    schema: Schema,
    kinds: Sequence[str],
    scope: CaseScope = ALL,
    audio: Audio | None = None,
) -> Generator[Case, None, None]:
    """Yield the cases of the kinds, one kind after the other; memory stays constant."""
    lacking = what_is_lacking(connection, schema)
    with nullcontext() if scope.is_all else _joins_by_hash(connection):
        for _, alike in groupby(map(kind_by_id, kinds), key=attrgetter("needs_place")):
            query = kinds_query(schema, list(alike), scope, audio=audio is not None)
            for seen in _stream(connection, query):
                yield make_case(seen, lacking, audio)


@contextmanager
def _joins_by_hash(connection: Connection) -> Iterator[None]:
    """Keep the queries of the block from nested loops, unless the transaction fails.

    PostgreSQL does not know what a scope leaves, expects a few rows, and would compare each of
    them with every appointment of the clinic.
    """
    before = connection.scalars(_MAY_LOOP).one()
    set_local(connection, {"enable_nestloop": "off"})
    yield
    set_local(connection, {"enable_nestloop": before})


def read_practices(
    connection: Connection, schema: Schema, kinds: Sequence[str], scope: CaseScope
) -> list[str | None]:
    """Return the practices that have cases of the kinds, None for cases of no practice."""
    found = connection.scalars(practices_query(schema, kinds, scope))
    return sorted(found, key=lambda each: (each is None, each))


def observe(
    connection: Connection,
    schema: Schema,
    ids: Sequence[str],
    clock: Clock = UTC,
    *,
    audio: bool = False,
) -> Iterator[Observed]:
    """Yield the current values of some recordings, of any kind.

    The connection is in use until all are read.
    """
    return _stream(connection, ids_query(schema, clock, audio=audio), ids=list(ids))


def read_pets(connection: Connection, schema: Schema, ids: Sequence[str]) -> dict[str, SeenPet]:
    """Return the pets that people have named and that exist, by id."""
    pets = schema.pets
    # A parameter: a statement is freed late, and would keep the ids.
    wanted = cast(bindparam("ids", type_=ARRAY(Text)), ARRAY(pets.c.id.type))
    owner = owner_of(schema, pets, "owner_id")
    columns = (cast(pets.c.id, Text), as_text(pets, "name"), owner)
    query = select(*columns).where(pets.c.id == any_(wanted))
    rows = connection.execute(query, {"ids": list(ids)})
    return {row[0]: SeenPet(row[0], row[1], owner=row[2]) for row in rows}


def _stream(connection: Connection, query: Select[tuple[str]], **values: Any) -> Iterator[Observed]:
    with stream_copy(connection, query, **values) as rows:
        for (line,) in rows:
            yield _decoder.decode(line or "")


def make_case(seen: Observed, lacking: Lacking = _NOTHING, audio: Audio | None = None) -> Case:
    """Rank the candidates that can be written, and add the context."""
    found = [
        each for each in options(seen)
        if _is_writable(seen, each.verdict, each.appointment, lacking)
    ]  # fmt: skip
    reasons = suggestions(seen, found)
    ranked = sorted(found, key=lambda option: _order(option, reasons[option]))
    kept = [_candidate(seen, option, reasons[option]) for option in ranked[:MOST_CANDIDATES]]
    return Case(
        recording_id=seen.recording_id,
        kind=seen.kind,
        state=seen.state,
        pet_id=seen.pet_id,
        appointment_id=seen.appointment,
        candidates=tuple(kept),
        context=tuple((name, _cut(text)) for name, text in _context(seen) if text),
        open=_open(seen, lacking, too_many=len(ranked) > MOST_CANDIDATES),
        audio=audio.link(seen.audio_key) if audio and seen.audio_key else None,
    )


def _open(seen: Observed, lacking: Lacking, *, too_many: bool) -> Verdict | None:
    """Return under which verdict any other pet may be named, if that can be written."""
    verdict = open_verdict(seen) or (Verdict.LINK if too_many else None)
    after = seen.appointment if verdict is Verdict.LINK else None
    return verdict if verdict and _is_writable(seen, verdict, after, lacking) else None


def _is_writable(seen: Observed, verdict: Verdict, after: str | None, lacking: Lacking) -> bool:
    links = verdict is Verdict.LINK
    return lacking.against(links=links, before=seen.appointment, after=after) is None


def _order(option: Option, reasons: Sequence[Suggestion]) -> tuple[int, bool, bool, str, str]:
    strongest = min((rank(reason.strength) for reason in reasons), default=len(Strength))
    detached = option.appointment is None
    linked = option.verdict is Verdict.LINK
    return strongest, detached, linked, option.pet.name, f"{option.pet.id} {option.appointment}"


def _context(seen: Observed) -> Iterator[tuple[str, str | None]]:
    """Yield the context of a case, with the pets whose recordings the appointment has."""
    yield from seen.context.items()
    yield "pet", seen.own.name if seen.own else None
    recorded = frozenset(seen.recorded or ()) - {seen.pet_id}
    # A pet may be linked twice, and the list is in no order.
    names = {pet.id: pet.name or pet.id for pet in seen.listed or () if pet.id in recorded}
    yield "recorded_pets", ", ".join(islice(sorted(names.values()), MOST_CANDIDATES))


def _candidate(seen: Observed, option: Option, reasons: Sequence[Suggestion]) -> Candidate:
    pet = option.pet
    differs = pet.owner_name and (pet.owner != seen.owner or not seen.appointment_exists)
    owner = f"owner {pet.owner_name}" if differs else ""
    return Candidate(
        pet_id=pet.id,
        name=pet.name,
        verdict=option.verdict,
        appointment_id=option.appointment,
        details=", ".join(part for part in (pet.details, owner, option.place) if part),
        suggestions=tuple(reasons),
    )


def _cut(text: str) -> str:
    return text if len(text) <= LONGEST_TEXT else text[:LONGEST_TEXT] + " …"
