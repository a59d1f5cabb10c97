"""The plan of an import as a list that somebody reads and signs before it is written."""

from collections.abc import Iterable, Iterator
from pathlib import Path

from petrec.documents.as_csv import write_rows
from petrec.features.review.agree import Ballot
from petrec.files import atomic_text, keep_beside

COLUMNS = (
    *("recording_id", "decision", "old_pet", "old_pet_id", "new_pet", "new_pet_id"),
    *("old_appointment_id", "new_appointment_id", "reviewer", "reason", "source"),
)


def write_plan(path: Path, ballots: Iterable[Ballot]) -> None:
    """Write a line for each decision, in the order in which it is recorded.

    An older file is kept as NAME.bak-1, since it may be signed. Errors: OutputError.
    """
    with atomic_text(path, before=keep_beside) as out:
        write_rows(COLUMNS, _rows(ballots), out, bom=True)


def _rows(ballots: Iterable[Ballot]) -> Iterator[tuple[str, ...]]:
    for ballot in ballots:
        decision, before = ballot.decision, ballot.before
        stays = decision.verdict.is_silent
        pet, name = (
            (before.pet_id, before.pet_name) if stays else (decision.pet_id, before.new_name)
        )
        place = before.appointment_id if stays else decision.appointment_id
        yield (
            decision.recording_id, str(decision.verdict), before.pet_name, before.pet_id or "",
            name, pet or "", before.appointment_id or "", place or "", decision.reviewer,
            decision.note, ballot.source,
        )  # fmt: skip
