"""Decisions held against the database as it is: which may be written, and why the others not."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import Connection

from petrec.db.foreseen import Lacking, what_is_lacking
from petrec.results.imported import Place, Problem, Trouble
from petrec.results.review import Decision, Verdict
from petrec.review.agree import Ballot, Valid, agreed
from petrec.review.cases import observe
from petrec.review.earlier import Earlier, earlier_decisions
from petrec.review.ids import normal_id
from petrec.review.judge import Refusal, is_recorded, judge, overtaken
from petrec.review.observed import Observed, Pet
from petrec.review.pets import read_pets
from petrec.review.query import REVIEWED
from petrec.review.read.entry import Entry, Reading, Row
from petrec.schema import Schema

_AT_ONCE = 10_000


@dataclass
class Checked:
    """The outcome: ballots to be recorded in order, and everything that is not."""

    ballots: list[Ballot] = field(default_factory=list)
    already: int = 0
    problems: list[Problem] = field(default_factory=list)
    rows: dict[Place, Row] = field(default_factory=dict)

    @property
    def verdicts(self) -> dict[str, int]:
        """Count the ballots by verdict."""
        counted = Counter(ballot.decision.verdict for ballot in self.ballots)
        return {str(verdict): counted[verdict] for verdict in Verdict if counted[verdict]}

    def refuse(self, entry: Entry, refusal: Refusal) -> None:
        """Note why an entry is not to be recorded."""
        decision = entry.decision
        self.problems.append(
            Problem(
                entry.place, refusal.where, refusal.reason, refusal.trouble, decision.recording_id
            )
        )
        self.rows[entry.place] = entry.row


def check(connection: Connection, schema: Schema, reading: Reading) -> Checked:
    """Judge everything that was read, within the caller's snapshot."""
    checked = Checked(problems=list(reading.problems), rows=dict(reading.rows))
    valid: list[Valid] = []
    entries = list(_formed(schema, reading.entries, checked))
    for start in range(0, len(entries), _AT_ONCE):
        chunk = entries[start : start + _AT_ONCE]
        valid += _judged(connection, schema, chunk, checked)
    checked.ballots, conflicts = agreed(valid)
    for votes in conflicts:
        _refuse_conflict(votes, checked)
    checked.problems.sort(key=lambda p: (p.place.file, p.place.sheet, p.place.line))
    return checked


def _formed(schema: Schema, entries: Sequence[Entry], checked: Checked) -> Iterator[Entry]:
    """Bring ids into form; a line whose ids or kind cannot be, or that comes twice, is refused."""
    first: dict[tuple[str, str, str], Place] = {}
    for entry in entries:
        try:
            decision = _normal(schema, entry.decision)
        except ValueError as error:
            where, reason = error.args
            checked.refuse(entry, Refusal(where, reason))
            continue
        identity = (entry.place.file, decision.recording_id, decision.state)
        if identity in first:
            reason = f"the recording is decided in line {first[identity].line} already"
            checked.refuse(entry, Refusal("recording_id", reason))
            continue
        first[identity] = entry.place
        yield Entry(entry.place, decision, entry.row)


def _normal(schema: Schema, decision: Decision) -> Decision:
    """Return the decision with ids as PostgreSQL writes them; errors: ValueError(field, why)."""
    recordings = schema.recordings.c
    columns = {"recording_id": recordings.id, "pet_id": schema.pets.c.id,
               "appointment_id": schema.appointments.c.id}  # fmt: skip
    ids = {}
    for name, column in columns.items():
        text = getattr(decision, name)
        ids[name] = text if text is None else normal_id(column, text)
        if text is not None and ids[name] is None:
            raise ValueError(name, f"{text!r} is no id: {name} is of type {column.type}")
    if decision.kind not in REVIEWED:
        raise ValueError("kind", f"{decision.kind!r} is not a kind that is reviewed")
    for name in ("reviewer", "note", "state"):
        if "\0" in getattr(decision, name):
            raise ValueError(name, "PostgreSQL cannot store the character NUL")
    return msgspec.structs.replace(decision, **ids)


def _judged(
    connection: Connection, schema: Schema, entries: Sequence[Entry], checked: Checked
) -> Iterator[Valid]:
    ids = sorted({entry.decision.recording_id for entry in entries})
    seen: dict[str, list[Observed]] = defaultdict(list)
    for one in observe(connection, schema, ids):
        seen[one.recording_id].append(one)
    earlier: dict[str, list[Earlier]] = defaultdict(list)
    for old in earlier_decisions(connection, ids):
        earlier[old.key[0]].append(old)
    pets = read_pets(connection, schema, _pets_of(entries))
    lacking = what_is_lacking(connection, schema)
    for entry in entries:
        about = entry.decision.recording_id
        now = _outcome(entry, seen[about], earlier[about], pets, lacking, checked)
        if now is not None:
            moves = bool(entry.decision.pet_id) and entry.decision.appointment_id != now.appointment
            yield Valid(entry, now.key, moves)


def _pets_of(entries: Sequence[Entry]) -> list[str]:
    return sorted({entry.decision.pet_id for entry in entries if entry.decision.pet_id})


def _outcome(
    entry: Entry,
    seen: Sequence[Observed],
    earlier: Sequence[Earlier],
    pets: dict[str, Pet],
    lacking: Lacking,
    checked: Checked,
) -> Observed | None:
    """Return the recording as it is where the entry may be recorded; else count or refuse it."""
    decision = entry.decision
    now = next((one for one in seen if one.state == decision.state), None)
    if now is None:
        refusal = overtaken(decision, bool(seen), earlier)
    else:
        refusal = judge(now, decision, pets) or _unwritable(decision, lacking)
    if refusal is not None:
        checked.refuse(entry, refusal)
        return None
    silent = decision.verdict in {Verdict.CANNOT_TELL, Verdict.LEAVE}
    if now is None or (silent and is_recorded(decision, earlier)):
        checked.already += 1
        return None
    return now


def _unwritable(decision: Decision, lacking: Lacking) -> Refusal | None:
    """Refuse what the database could not store."""
    if decision.verdict not in {Verdict.ASSIGN, Verdict.LINK}:
        return None
    links = decision.verdict is Verdict.LINK
    reason = lacking.against(links=links, appointment=decision.appointment_id)
    return Refusal("decision", reason) if reason else None


def _refuse_conflict(votes: Sequence[Valid], checked: Checked) -> None:
    for vote in votes:
        others = [v.entry for v in votes if v is not vote]
        told = "; ".join(f"{e.decision.reviewer} in {e.place}" for e in others)
        refusal = Refusal("decision", f"decided otherwise by {told}", Trouble.CONFLICT)
        checked.refuse(vote.entry, refusal)
