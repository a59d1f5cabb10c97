"""The decisions that the page downloads."""

from pathlib import Path

import msgspec

from petrec.features.review.case import Decision, Verdict
from petrec.features.review.imported import SourceLine
from petrec.features.review.read.entry import DecisionEntry, Reading, Row
from petrec.features.review.rows import (
    CANNOT_TELL,
    COLUMNS,
    LEAVE,
    Choices,
    RowChoice,
    encode_choices,
)
from petrec.files import decode_text

VERSION = 1


class _File(msgspec.Struct):
    petrec_review: int
    decisions: list[msgspec.Raw]
    reviewer: str = ""


def read(path: Path, reading: Reading) -> None:
    """Read one file; the line of a decision is its number in the list."""
    try:
        file = msgspec.json.decode(decode_text(path.read_bytes()), type=_File)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        reading.refuse(SourceLine(str(path)), "", f"not a file of decisions: {error}")
        return
    if file.petrec_review != VERSION:
        reason = (
            f"version {file.petrec_review} of the file is unknown; this petrec reads "
            f"version {VERSION}"
        )
        reading.refuse(SourceLine(str(path)), "petrec_review", reason)
        return
    for number, raw in enumerate(file.decisions, start=1):
        read_decision(raw, SourceLine(str(path), line=number), file.reviewer, reading)


def read_decision(raw: msgspec.Raw, place: SourceLine, reviewer: str, reading: Reading) -> None:
    """Add one decision to a reading, or why it is invalid; `reviewer` is for one without."""
    try:
        decision = msgspec.json.decode(raw, type=Decision)
    except (msgspec.MsgspecError, RecursionError) as error:
        reading.refuse(place, _field(str(error)), str(error))
        return
    who = decision.reviewer.strip() or reviewer.strip() or reading.reviewer
    decision = msgspec.structs.replace(decision, reviewer=who)
    row = as_row(decision)
    names_pet = decision.verdict in {Verdict.ASSIGN, Verdict.LINK}
    if not who:
        reading.refuse(place, "reviewer", "the reviewer is missing", row)
    elif not decision.recording_id.strip():
        reading.refuse(place, "recording_id", "the id is missing", row)
    elif names_pet != (decision.pet_id is not None):
        reading.refuse(place, "pet_id", f"{decision.verdict} cannot have a pet", row)
    else:
        reading.entries.append(DecisionEntry(place, decision, row))


def as_row(decision: Decision) -> Row:
    """Return a decision as a row of a table that can be imported again."""
    word = {Verdict.CANNOT_TELL: CANNOT_TELL, Verdict.LEAVE: LEAVE}.get(decision.verdict, "1")
    pet = decision.pet_id or ""
    numbered = (RowChoice(f"1. {pet}", decision.verdict, pet, decision.appointment_id),)
    values = {
        "recording_id": decision.recording_id,
        "kind": decision.kind,
        "decision": word,
        "reviewer": decision.reviewer,
        "note": decision.note,
        "state": decision.state,
        "choices": encode_choices(Choices(numbered if decision.pet_id is not None else ())),
    }
    return {column: values.get(column, "") for column in COLUMNS}


def _field(message: str) -> str:
    """Return the field that msgspec names, by path or in quotes."""
    by_path = message.partition("`$.")[2].partition("`")[0]
    return by_path or message.partition("field `")[2].partition("`")[0]
