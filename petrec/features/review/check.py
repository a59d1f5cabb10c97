"""Check decisions against the current database: which may be written, and why others may not."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

from sqlalchemy import Connection

from petrec.documents.spool import Spool, chunks
from petrec.features.review.agree import Before, Valid, agreed
from petrec.features.review.case import Decision, Verdict
from petrec.features.review.cases import observe, read_pets
from petrec.features.review.checked import Checked
from petrec.features.review.clock import UTC, Clock
from petrec.features.review.earlier import EarlierDecision, earlier_decisions
from petrec.features.review.ids import EntryIds, has_exponent, number_twins
from petrec.features.review.imported import Trouble
from petrec.features.review.judge import Objection, is_recorded, judge, overtaken
from petrec.features.review.observed import Observed, SeenPet
from petrec.features.review.read.entry import DecisionEntry, Reading
from petrec.features.review.votes import DecidedLines, Sights, Votes
from petrec.features.runs.targets import target_name
from petrec.postgres.foreseen import Lacking, what_is_lacking
from petrec.schema import Schema

_AT_ONCE = 2_000
_OBSERVED_AT_ONCE = 50_000


def check(connection: Connection, schema: Schema, reading: Reading, clock: Clock = UTC) -> Checked:
    """Judge everything that was read, within the caller's snapshot."""
    checked = Checked(problems=list(reading.problems), rows=dict(reading.rows))
    votes, lines = Votes(), DecidedLines()
    formed: Spool[DecisionEntry] = Spool(DecisionEntry)
    for chunk in chunks(reading.entries, _AT_ONCE):
        for entry in _formed(connection, schema, chunk, lines, checked):
            formed.append(entry)
    for vote in _judged_all(connection, schema, formed, checked, clock):
        votes.add(vote)
    for group in votes.groups():
        if (ballot := agreed(group)) is not None:
            checked.accept(ballot)
        else:
            _refuse_conflict(group, checked)
    checked.problems.sort(key=lambda p: (p.place.file, p.place.sheet, p.place.line))
    return checked


def _formed(
    connection: Connection,
    schema: Schema,
    entries: Sequence[DecisionEntry],
    lines: DecidedLines,
    checked: Checked,
) -> Iterator[DecisionEntry]:
    """Normalise ids; refuse a line with an invalid id or kind, and duplicates."""
    ids = EntryIds(connection, schema, entries)
    for entry in entries:
        decision, refusal = ids.normal(entry)
        if refusal is None and (line := lines.first(entry, decision.recording_id, decision.state)):
            reason = f"line {line} already decides this recording"
            refusal = Objection("recording_id", reason)
        if refusal is not None:
            checked.refuse(entry, refusal)
        else:
            yield DecisionEntry(entry.place, decision, entry.row)


def _judged_all(
    connection: Connection,
    schema: Schema,
    entries: Spool[DecisionEntry],
    checked: Checked,
    clock: Clock,
) -> Iterator[Valid]:
    """Judge all entries; the recordings of many are read at once, each time from whole tables."""
    ahead, behind = iter(entries), iter(entries)
    for _ in range(0, len(entries), _OBSERVED_AT_ONCE):
        sights = _observed(connection, schema, islice(ahead, _OBSERVED_AT_ONCE), clock)
        for chunk in chunks(islice(behind, _OBSERVED_AT_ONCE), _AT_ONCE):
            yield from _judged(connection, schema, chunk, sights, checked)


def _observed(
    connection: Connection, schema: Schema, entries: Iterator[DecisionEntry], clock: Clock
) -> Sights:
    """Read the recordings of many entries; their ids are not kept."""
    ids = sorted({entry.decision.recording_id for entry in entries})
    return Sights(observe(connection, schema, ids, clock))


def _judged(
    connection: Connection,
    schema: Schema,
    entries: Sequence[DecisionEntry],
    sights: Sights,
    checked: Checked,
) -> Iterator[Valid]:
    ids = sorted({entry.decision.recording_id for entry in entries})
    earlier: dict[str, list[EarlierDecision]] = defaultdict(list)
    for old in earlier_decisions(connection, target_name(schema), ids):
        earlier[old.key[0]].append(old)
    pets = read_pets(connection, schema, _pets_of(entries))
    lacking = what_is_lacking(connection, schema)
    lost = {each for each in ids if each not in sights}
    twins = number_twins(connection, schema.recordings.c.id, lost)
    for entry in entries:
        about = entry.decision.recording_id
        if about in lost and (about in twins or has_exponent(about)):
            checked.refuse(entry, _changed_recording(about, twins))
            continue
        now = _outcome(entry, sights.of(about), earlier[about], pets, lacking, checked)
        if now is not None:
            yield _valid(entry, now, pets)


def _valid(entry: DecisionEntry, now: Observed, pets: Mapping[str, SeenPet]) -> Valid:
    decision = entry.decision
    moves = decision.pet_id is not None and decision.appointment_id != now.appointment
    named = pets.get(decision.pet_id) if decision.pet_id is not None else None
    old, new = now.own.name if now.own else "", named.name if named else ""
    return Valid(entry, now.key, moves, Before(now.pet_id, now.appointment, old, new))


def _changed_recording(text: str, twins: Mapping[str, str]) -> Objection:
    of = f" of the id {twins[text]}" if text in twins else ""
    reason = f"a spreadsheet has turned it into a number{of}; export again and keep ids as text"
    return Objection("recording_id", reason, value=text)


def _pets_of(entries: Sequence[DecisionEntry]) -> list[str]:
    return sorted({entry.decision.pet_id for entry in entries if entry.decision.pet_id is not None})


def _outcome(
    entry: DecisionEntry,
    seen: Sequence[Observed],
    earlier: Sequence[EarlierDecision],
    pets: dict[str, SeenPet],
    lacking: Lacking,
    checked: Checked,
) -> Observed | None:
    """Return the current recording if the entry may be recorded; else count or refuse it."""
    decision = entry.decision
    now = next((one for one in seen if one.state == decision.state), None)
    if now is None:
        refusal = overtaken(decision, bool(seen), earlier)
    else:
        refusal = _unwritable(now, decision, lacking) or judge(now, decision, pets)
    if refusal is not None:
        checked.refuse(entry, refusal)
        return None
    if now is None or (decision.verdict.is_silent and is_recorded(decision, earlier)):
        checked.already += 1
        return None
    return now


def _unwritable(now: Observed, decision: Decision, lacking: Lacking) -> Objection | None:
    """Refuse values that the database cannot store."""
    if decision.verdict.is_silent:
        return None
    links = decision.verdict is Verdict.LINK
    before, after = now.appointment, decision.appointment_id
    reason = lacking.against(links=links, before=before, after=after)
    return Objection("decision", reason) if reason else None


def _refuse_conflict(votes: Sequence[Valid], checked: Checked) -> None:
    for vote in votes:
        others = [v.entry for v in votes if v is not vote]
        voters = "; ".join(f"{e.decision.reviewer} in {e.place}" for e in others)
        refusal = Objection("decision", f"{voters} decided differently", Trouble.CONFLICT)
        checked.refuse(vote.entry, refusal)
