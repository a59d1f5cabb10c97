"""A recording as it is now: the case that it still is, and the decision that stands."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection

from petrec.errors import UsageError
from petrec.features.review.audio import Audio
from petrec.features.review.case import Case, Verdict
from petrec.features.review.cases import make_case, observe
from petrec.features.review.clock import Clock
from petrec.features.review.earlier import EarlierDecision, earlier_decisions
from petrec.features.review.query import REVIEWED
from petrec.features.runs.targets import target_name
from petrec.postgres.foreseen import what_is_lacking
from petrec.postgres.ids import stored_ids
from petrec.schema import Schema

_AT_ONCE = 1_000


class NotAnIdError(UsageError):
    """The request names a recording by a text that cannot be an id of this table."""


@dataclass(frozen=True)
class Sight:
    """A recording now; `case` is None where it needs no person any more."""

    case: Case | None
    standing: EarlierDecision | None


def see(
    connection: Connection,
    schema: Schema,
    recording_id: str,
    clock: Clock,
    audio: Audio | None = None,
) -> Sight:
    """Read one recording, whatever its kind is now; errors: NotAnIdError."""
    ids = list(stored_ids(connection, schema.recordings.c.id, [recording_id]).values())
    if not ids:
        raise NotAnIdError("recording_id is not an id of a recording")
    observed = list(observe(connection, schema, ids, clock, audio=audio is not None))
    doubtful = next((one for one in observed if one.kind in REVIEWED), None)
    case = make_case(doubtful, what_is_lacking(connection, schema), audio) if doubtful else None
    earlier = earlier_decisions(connection, target_name(schema), ids)
    return Sight(case, standing(case, earlier))


def standing(case: Case | None, earlier: Sequence[EarlierDecision]) -> EarlierDecision | None:
    """Return the last decision that is about the recording as it is now.

    One that was written stands until the recording needs a person again, one that changes nothing
    as long as the recording is the same.
    """
    for one in reversed(earlier):
        if one.withdrawn:
            continue
        if Verdict(one.verdict).is_silent:
            if case is not None and one.state == case.state:
                return one
        elif one.written and case is None:
            return one
    return None


def standing_decisions(
    connection: Connection, schema: Schema, cases: Iterable[Case], settled: Iterable[str]
) -> Iterator[tuple[str, EarlierDecision]]:
    """Yield id and decision of all cases that have one, and of recordings that are none now."""
    open_cases: dict[str, Case | None] = {case.recording_id: case for case in cases}
    wanted = dict.fromkeys(settled) | open_cases
    ids = list(wanted)
    for start in range(0, len(ids), _AT_ONCE):
        some = ids[start : start + _AT_ONCE]
        found: dict[str, list[EarlierDecision]] = defaultdict(list)
        for one in earlier_decisions(connection, target_name(schema), some):
            found[one.key[0]].append(one)
        for recording_id, earlier in found.items():
            if (stands := standing(wanted[recording_id], earlier)) is not None:
                yield recording_id, stands
