"""A case as a row of a file, for people to fill in and for petrec to read again."""

import re
from collections.abc import Sequence

import msgspec

from petrec.features.review.case import Candidate, Case, Verdict

# What a person fills in comes first, what only petrec reads comes last.
FILLED = ("decision", "other_pet_id", "reviewer", "note")
CONTEXT = ("pet", "created_at", "length", "recorded_by", "status", "original_filename",
           "transcript_text", "appointment_date", "owner", "vet", "title", "notes",
           "recorded_pets", "practice")  # fmt: skip
COLUMNS = ("recording_id", "kind", *FILLED, "candidates", "suggestions", "pet_id",
           "appointment_id", *CONTEXT, "state", "choices")  # fmt: skip
# Only where it is asked for: anyone who has the file can play what it links to.
AUDIO = "audio"
REQUIRED = ("recording_id", "kind", *FILLED, "state", "choices")
CANNOT_TELL, LEAVE, OTHER = "cannot tell", "leave", "other"
# The longest text that a spreadsheet's cell holds is 32,767.
LONGEST_CELL = 32_000
_LONGEST_LABEL = 150
_NOT_ASCII = re.compile("[^ -~]")


class RowChoice(msgspec.Struct, frozen=True, array_like=True):
    """One numbered candidate as a file carries it."""

    label: str
    verdict: Verdict
    pet_id: str
    appointment_id: str | None


class Choices(msgspec.Struct, frozen=True, array_like=True):
    """All candidates of a row; `open` and `appointment_id` are those of the case."""

    numbered: tuple[RowChoice, ...]
    open: Verdict | None = None
    appointment_id: str | None = None

    def words(self) -> list[str]:
        """Return the possible decisions, for a drop-down."""
        others = [OTHER] if self.open else []
        return [*(choice.label for choice in self.numbered), *others, CANNOT_TELL, LEAVE]


def choices_of(case: Case) -> Choices:
    """Number a case's candidates, as many as one cell can carry."""
    numbered = [_choice(n, candidate) for n, candidate in enumerate(case.candidates, start=1)]
    while True:
        choices = Choices(tuple(numbered), case.open, case.appointment_id)
        if not numbered or len(encode_choices(choices)) <= LONGEST_CELL:
            return choices
        numbered.pop()


def encode_choices(choices: Choices) -> str:
    """Write the choices in plain ASCII, which every program keeps as it is."""
    text = msgspec.json.encode(choices).decode()
    return _NOT_ASCII.sub(lambda found: _escaped(found[0]), text)


def decode_choices(cell: str) -> Choices:
    """Read the choices; errors: msgspec.DecodeError."""
    return msgspec.json.decode(cell, type=Choices)


def columns_with(audio: object) -> tuple[str, ...]:
    """Return the columns of a file, with that of the links if there are any."""
    at = COLUMNS.index("transcript_text")
    return (*COLUMNS[:at], AUDIO, *COLUMNS[at:]) if audio else COLUMNS


def row_of(case: Case, choices: Choices, columns: Sequence[str] = COLUMNS) -> tuple[str, ...]:
    """Return the cells of a case, in the order of the columns."""
    values = dict(case.context) | {
        "recording_id": case.recording_id,
        "kind": case.kind,
        "candidates": "\n".join(choice.label for choice in choices.numbered),
        "suggestions": "\n".join(_suggested(case)),
        "pet_id": case.pet_id or "",
        "appointment_id": case.appointment_id or "",
        "state": case.state,
        "choices": encode_choices(choices),
        AUDIO: case.audio or "",
    }
    return tuple(values.get(column, "")[:LONGEST_CELL] for column in columns)


def label(number: int, name: str, details: str) -> str:
    """Return a candidate's line: its number makes it unique within its row."""
    text = " ".join(f"{number}. {name} ({details})".split())
    return text if len(text) <= _LONGEST_LABEL else text[:_LONGEST_LABEL] + "…"


def _choice(number: int, candidate: Candidate) -> RowChoice:
    name = candidate.name or candidate.pet_id
    shown = label(number, name, candidate.details)
    return RowChoice(shown, candidate.verdict, candidate.pet_id, candidate.appointment_id)


def _suggested(case: Case) -> list[str]:
    return [
        f"{number}. {candidate.name}: {suggestion.reason} ({suggestion.strength})"
        for number, candidate in enumerate(case.candidates, start=1)
        for suggestion in candidate.suggestions
    ]


def _escaped(character: str) -> str:
    units = character.encode("utf-16-be")
    return "".join(f"\\u{units[i : i + 2].hex()}" for i in range(0, len(units), 2))
