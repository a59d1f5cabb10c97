"""Read a decision from a row that people have filled in."""

import re
from collections.abc import Sequence

import msgspec

from petrec.features.review.case import Decision, Verdict
from petrec.features.review.imported import SourceLine
from petrec.features.review.read.entry import DecisionEntry, Reading, Row
from petrec.features.review.rows import OTHER, REQUIRED, Choices, RowChoice, decode_choices

_WORDS = {
    "cannot tell": Verdict.CANNOT_TELL,
    "can't tell": Verdict.CANNOT_TELL,
    "cannot_tell": Verdict.CANNOT_TELL,
    "leave": Verdict.LEAVE,
}
# Cells that petrec has written; a decision without them is not valid.
_CARRIED = ("recording_id", "kind", "state", "choices")


class Refused(Exception):  # noqa: N818 - a line is refused
    """A line that is not a decision: the field, the reason, and the value."""

    def __init__(self, where: str, reason: str, value: str = "") -> None:
        self.where = where
        self.reason = reason
        self.value = value
        super().__init__(reason)


def missing_columns(header: Sequence[str]) -> list[str]:
    """Return the required columns that a file lacks."""
    return [column for column in REQUIRED if column not in header]


def read_row(reading: Reading, place: SourceLine, row: Row) -> None:
    """Add a row's decision, if there is one, or its problem."""
    if not any(cell.strip() for cell in row.values()):
        return
    try:
        decision = _decision(row, reading.reviewer)
    except Refused as refused:
        reading.refuse(place, refused.where, refused.reason, row, refused.value)
        return
    if decision is None:
        reading.undecided += 1
    else:
        reading.entries.append(DecisionEntry(place, decision, row))


def _decision(row: Row, reviewer: str) -> Decision | None:
    word = " ".join(row.get("decision", "").split())
    if not row.get("recording_id", "").strip():
        raise Refused("recording_id", "the id is missing")
    if not word:
        if row.get("other_pet_id", "").strip():
            raise Refused(
                "decision", f"other_pet_id is filled in, but the decision is not {OTHER!r}"
            )
        return None
    for column in _CARRIED:
        if column not in row:
            raise Refused(column, "the line ends before this cell")
    verdict, pet, appointment = _chosen(word, row)
    who = row.get("reviewer", "").strip() or reviewer
    if not who:
        raise Refused("reviewer", "the reviewer is missing; fill it in or name a reviewer")
    return Decision(
        recording_id=row["recording_id"].strip(),
        kind=row["kind"].strip(),
        state=row["state"].strip(),
        verdict=verdict,
        pet_id=pet,
        appointment_id=appointment,
        reviewer=who,
        note="\n".join(row.get("note", "").splitlines()),
    )


def _chosen(word: str, row: Row) -> tuple[Verdict, str | None, str | None]:
    choices = _choices(row)
    if word.casefold() in _WORDS:
        return _WORDS[word.casefold()], None, None
    if word.casefold() == OTHER:
        return _other(choices, row.get("other_pet_id", "").strip())
    choice = _match(choices.numbered, word)
    return choice.verdict, choice.pet_id, choice.appointment_id


def _choices(row: Row) -> Choices:
    try:
        return decode_choices(row["choices"])
    except (msgspec.MsgspecError, RecursionError) as error:
        raise Refused("choices", "the list of candidates in this row has been changed") from error


def _other(choices: Choices, pet: str) -> tuple[Verdict, str, str | None]:
    if choices.open is None:
        raise Refused("decision", "this row can only be decided for one of its candidates")
    if not pet:
        raise Refused("other_pet_id", f"the decision is {OTHER!r}, but no pet is named")
    linked = choices.open is Verdict.LINK
    return choices.open, pet, choices.appointment_id if linked else None


def _match(numbered: Sequence[RowChoice], word: str) -> RowChoice:
    """Find a candidate by number, by its whole label, or by a name that is unique in the row."""
    number = re.fullmatch(r"([0-9]{1,4})(\.0*)?", word)
    if number:
        place = int(number[1])
        if 1 <= place <= len(numbered):
            return numbered[place - 1]
        raise Refused("decision", "the row has no candidate of this number", str(place))
    labels = [choice for choice in numbered if " ".join(choice.label.split()) == word]
    if labels:
        return labels[0]
    named = [choice for choice in numbered if _name(choice.label) == word.casefold()]
    if len(named) == 1:
        return named[0]
    reason = "several candidates have this name" if named else "not one of this row's candidates"
    raise Refused("decision", reason, word)


def _name(label: str) -> str:
    """Return the name between number and details."""
    return label.partition(". ")[2].partition(" (")[0].casefold()
