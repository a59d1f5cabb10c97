"""Decisions held against the database as it is: which may be written, and why the others not."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import msgspec
from sqlalchemy import ColumnElement, Connection, column

from petrec.features.review.agree import Ballot, Valid, agreed
from petrec.features.review.case import Decision, Verdict
from petrec.features.review.cases import observe
from petrec.features.review.earlier import Earlier, earlier_decisions
from petrec.features.review.ids import (
    has_exponent,
    has_lost_digits,
    number_twins,
)
from petrec.features.review.imported import Place, Problem, Trouble
from petrec.features.review.judge import Refusal, is_recorded, judge, overtaken
from petrec.features.review.observed import Observed, Pet
from petrec.features.review.pets import read_pets
from petrec.features.review.query import REVIEWED
from petrec.features.review.read.entry import Entry, Reading, Row
from petrec.features.runs.targets import target_name
from petrec.postgres.foreseen import Lacking, what_is_lacking
from petrec.postgres.ids import is_text, normal_ids
from petrec.schema import PgType, Schema

_AT_ONCE = 10_000
# What the journal keeps in a person's own words.
_TOLD = ("reviewer", "note", "state")
_TEXT: ColumnElement[str] = column("told", PgType("text"))


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
                entry.place,
                refusal.where,
                refusal.reason,
                refusal.trouble,
                decision.recording_id,
                refusal.value,
            )
        )
        self.rows[entry.place] = entry.row


def check(connection: Connection, schema: Schema, reading: Reading) -> Checked:
    """Judge everything that was read, within the caller's snapshot."""
    checked = Checked(problems=list(reading.problems), rows=dict(reading.rows))
    valid: list[Valid] = []
    entries = list(_formed(connection, schema, reading.entries, checked))
    for start in range(0, len(entries), _AT_ONCE):
        chunk = entries[start : start + _AT_ONCE]
        valid += _judged(connection, schema, chunk, checked)
    checked.ballots, conflicts = agreed(valid)
    for votes in conflicts:
        _refuse_conflict(votes, checked)
    checked.problems.sort(key=lambda p: (p.place.file, p.place.sheet, p.place.line))
    return checked


def _formed(
    connection: Connection, schema: Schema, entries: Sequence[Entry], checked: Checked
) -> Iterator[Entry]:
    """Bring ids into form; a line whose ids or kind cannot be, or that comes twice, is refused."""
    first: dict[tuple[str, str, str], Place] = {}
    ids = _Ids(connection, schema, entries)
    for entry in entries:
        decision, refusal = ids.normal(entry)
        identity = (entry.place.file, decision.recording_id, decision.state)
        if refusal is None and identity in first:
            reason = f"the recording is decided in line {first[identity].line} already"
            refusal = Refusal("recording_id", reason)
        if refusal is not None:
            checked.refuse(entry, refusal)
            continue
        first[identity] = entry.place
        yield Entry(entry.place, decision, entry.row)


class _Ids:
    """The ids of all entries, as PostgreSQL writes them."""

    def __init__(self, connection: Connection, schema: Schema, entries: Sequence[Entry]) -> None:
        self.columns = {"recording_id": schema.recordings.c.id, "pet_id": schema.pets.c.id,
                        "appointment_id": schema.appointments.c.id}  # fmt: skip
        self.known = {
            name: normal_ids(connection, column, _texts(entries, name))
            for name, column in self.columns.items()
        }
        told = (getattr(entry.decision, name) for entry in entries for name in _TOLD)
        self.storable = normal_ids(connection, _TEXT, told).keys()
        named = [_named_pet(entry) for entry in entries]
        self.twins = number_twins(connection, schema.pets.c.id, filter(None, named))

    def normal(self, entry: Entry) -> tuple[Decision, Refusal | None]:
        """Return the decision with its ids in form, or why it cannot be recorded."""
        decision = entry.decision
        found = {name: getattr(decision, name) for name in self.columns}
        for name, text in found.items():
            if text is not None and (refusal := self._refusal(name, text)):
                return decision, refusal
        ids = {name: text if text is None else self.known[name][text]
               for name, text in found.items()}  # fmt: skip
        refusal = self._changed_pet(_named_pet(entry)) or self._unusable(decision)
        return msgspec.structs.replace(decision, **ids), refusal

    def _refusal(self, name: str, text: str) -> Refusal | None:
        column = self.columns[name]
        if has_exponent(text) and not is_text(column):
            return Refusal(name, "a spreadsheet has turned the id into a number", value=text)
        if text not in self.known[name]:
            return Refusal(name, f"not an id of type {column.type}", value=text)
        return None

    def _unusable(self, decision: Decision) -> Refusal | None:
        if decision.kind not in REVIEWED:
            return Refusal("kind", "not a kind that is reviewed", value=decision.kind)
        for name in _TOLD:
            if getattr(decision, name) not in self.storable:
                reason = "it has a character that the database's encoding lacks, or NUL"
                return Refusal(name, reason)
        return None

    def _changed_pet(self, text: str) -> Refusal | None:
        """Judge a pet's id that was typed into a spreadsheet, which may have changed it."""
        if has_lost_digits(text):
            reason = "a spreadsheet may have rounded the id to 15 digits; format the cell as text"
            return Refusal("pet_id", reason, value=text)
        if text not in self.twins:
            return None
        reason = f"a spreadsheet may have made this number of the id {self.twins[text]}"
        return Refusal("pet_id", f"{reason}; format the cell as text", value=text)


def _texts(entries: Sequence[Entry], name: str) -> Iterator[str]:
    values = (getattr(entry.decision, name) for entry in entries)
    return (value for value in values if value is not None)


def _named_pet(entry: Entry) -> str:
    """Return the pet that a person has typed in, as it stands there."""
    typed = entry.row.get("other_pet_id", "").strip()
    return typed if typed == entry.decision.pet_id else ""


def _judged(
    connection: Connection, schema: Schema, entries: Sequence[Entry], checked: Checked
) -> Iterator[Valid]:
    ids = sorted({entry.decision.recording_id for entry in entries})
    seen: dict[str, list[Observed]] = defaultdict(list)
    for one in observe(connection, schema, ids):
        seen[one.recording_id].append(one)
    earlier: dict[str, list[Earlier]] = defaultdict(list)
    for old in earlier_decisions(connection, target_name(schema), ids):
        earlier[old.key[0]].append(old)
    pets = read_pets(connection, schema, _pets_of(entries))
    lacking = what_is_lacking(connection, schema)
    lost = _lost(entries, seen)
    twins = number_twins(connection, schema.recordings.c.id, lost)
    for entry in entries:
        about = entry.decision.recording_id
        if about in lost and (about in twins or has_exponent(about)):
            checked.refuse(entry, _changed_recording(about, twins))
            continue
        now = _outcome(entry, seen[about], earlier[about], pets, lacking, checked)
        if now is not None:
            moves = (
                entry.decision.pet_id is not None
                and entry.decision.appointment_id != now.appointment
            )
            yield Valid(entry, now.key, moves)


def _lost(entries: Sequence[Entry], seen: Mapping[str, list[Observed]]) -> set[str]:
    """Return the ids under which there is no recording."""
    return {e.decision.recording_id for e in entries if not seen.get(e.decision.recording_id)}


def _changed_recording(text: str, twins: Mapping[str, str]) -> Refusal:
    of = f" of the id {twins[text]}" if text in twins else ""
    reason = f"a spreadsheet has made a number{of}; export again and keep ids as text"
    return Refusal("recording_id", reason, value=text)


def _pets_of(entries: Sequence[Entry]) -> list[str]:
    return sorted({entry.decision.pet_id for entry in entries if entry.decision.pet_id is not None})


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
