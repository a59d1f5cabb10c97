"""The ids in files with decisions: a spreadsheet may have changed them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import msgspec
from sqlalchemy import (
    ColumnElement,
    Connection,
    Numeric,
    Text,
    any_,
    bindparam,
    case,
    cast,
    column,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY

from petrec.features.review.case import Decision
from petrec.features.review.judge import Objection
from petrec.features.review.query import REVIEWED
from petrec.features.review.read.entry import DecisionEntry
from petrec.postgres.ids import is_text, normal_ids, stored_ids
from petrec.schema import PgType, Schema

# Free texts of a decision, which the journal keeps.
_FREE_TEXTS = ("reviewer", "note", "state")
_FREE_TEXT: ColumnElement[str] = column("text", PgType("text"))

_EXPONENT = re.compile(r"[0-9]+([.,][0-9]+)?[eE]\+?[0-9]+")
# A spreadsheet keeps 15 digits of a number and writes zeros for the rest.
_FIFTEEN_DIGITS = re.compile(r"[0-9]{15}0+")
_NUMBER = r"^[0-9]{1,255}([.][0-9]{1,255})?([eE][+]?[0-9]{1,3})?$"


def has_exponent(text: str) -> bool:
    """Return whether a spreadsheet may have written an id as a number such as 1.2E+15."""
    return _EXPONENT.fullmatch(text) is not None


def has_lost_digits(text: str) -> bool:
    """Return whether a spreadsheet may have kept only 15 digits of an id."""
    return _FIFTEEN_DIGITS.fullmatch(text) is not None


def number_twins(
    connection: Connection, column: ColumnElement[Any], ids: Iterable[str]
) -> dict[str, str]:
    """Return ids that look like numbers, each with another id of the same number: 123 and 00123.

    A spreadsheet writes text that looks like a number as that number, so neither is certain.
    """
    wanted = [each for each in sorted(set(ids)) if re.fullmatch("[0-9]{1,255}", each)]
    if not wanted or not is_text(column):
        return {}
    # PostgreSQL matches patterns by no nondeterministic collation.
    text = cast(column, Text).collate("C")
    number = case((text.op("~")(_NUMBER), func.trim_scale(cast(text, Numeric))))
    numbers = cast(bindparam("wanted", type_=ARRAY(Text)), ARRAY(Numeric))
    twins = select(cast(number, Text), text).where(
        number == any_(numbers), text != cast(number, Text)
    )
    return {row[0]: row[1] for row in connection.execute(twins, {"wanted": wanted})}


class EntryIds:
    """The ids of all entries, as the rows that they name write them."""

    def __init__(
        self, connection: Connection, schema: Schema, entries: Sequence[DecisionEntry]
    ) -> None:
        self.columns = {"recording_id": schema.recordings.c.id, "pet_id": schema.pets.c.id,
                        "appointment_id": schema.appointments.c.id}  # fmt: skip
        self.known = {
            name: stored_ids(connection, column, _texts(entries, name))
            for name, column in self.columns.items()
        }
        texts = (getattr(entry.decision, name) for entry in entries for name in _FREE_TEXTS)
        self.storable = normal_ids(connection, _FREE_TEXT, texts).keys()
        named = [_named_pet(entry) for entry in entries]
        self.twins = number_twins(connection, schema.pets.c.id, filter(None, named))

    def normal(self, entry: DecisionEntry) -> tuple[Decision, Objection | None]:
        """Return the decision with normalised ids, or why it cannot be recorded."""
        decision = entry.decision
        found = {name: getattr(decision, name) for name in self.columns}
        for name, text in found.items():
            if text is not None and (refusal := self._refusal(name, text)):
                return decision, refusal
        ids = {name: text if text is None else self.known[name][text]
               for name, text in found.items()}  # fmt: skip
        refusal = self._changed_pet(_named_pet(entry)) or self._unusable(decision)
        return msgspec.structs.replace(decision, **ids), refusal

    def _refusal(self, name: str, text: str) -> Objection | None:
        column = self.columns[name]
        if has_exponent(text) and not is_text(column):
            return Objection(name, "a spreadsheet has turned the id into a number", value=text)
        if text not in self.known[name]:
            return Objection(name, f"not an id of type {column.type}", value=text)
        return None

    def _unusable(self, decision: Decision) -> Objection | None:
        if decision.kind not in REVIEWED:
            return Objection("kind", "not a kind that is reviewed", value=decision.kind)
        for name in _FREE_TEXTS:
            if getattr(decision, name) not in self.storable:
                reason = "it has a character that the database encoding does not have, or NUL"
                return Objection(name, reason)
        return None

    def _changed_pet(self, text: str) -> Objection | None:
        """Check a pet's id that was typed into a spreadsheet, which may have changed it."""
        if has_lost_digits(text):
            reason = "a spreadsheet may have rounded the id to 15 digits; format the cell as text"
            return Objection("pet_id", reason, value=text)
        if text not in self.twins:
            return None
        reason = f"a spreadsheet may have turned the id {self.twins[text]} into this number"
        return Objection("pet_id", f"{reason}; format the cell as text", value=text)


def _texts(entries: Sequence[DecisionEntry], name: str) -> Iterator[str]:
    values = (getattr(entry.decision, name) for entry in entries)
    return (value for value in values if value is not None)


def _named_pet(entry: DecisionEntry) -> str:
    """Return the pet that a person has typed in, unchanged."""
    typed = entry.row.get("other_pet_id", "").strip()
    return typed if typed == entry.decision.pet_id else ""
