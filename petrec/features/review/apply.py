"""Record and write decisions: resume an unfinished run, then start a new one."""

from collections.abc import Iterable
from dataclasses import replace

import msgspec
from sqlalchemy import Connection, Engine, insert

from petrec.documents.spool import chunks
from petrec.features.review.agree import Ballot
from petrec.features.review.work import ReviewWork
from petrec.features.runs.driver.driver import Driver
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.foresight import Foresight, foresee
from petrec.features.runs.journal.store import (
    change_state,
    create_run,
    read_run,
    unfinished_run,
    update_run,
)
from petrec.features.runs.journal.tables import decisions
from petrec.features.runs.resume import take_up
from petrec.features.runs.run import Action, Observer, Run, RunState, Target
from petrec.postgres.warned import about_check, not_valid_checks
from petrec.schema import Schema

_ROWS_AT_ONCE = 1_000


def resume_review(
    engine: Engine,
    schema: Schema,
    target: Target,
    throttling: Throttling,
    observe: Observer,
    *,
    anew: bool = False,
) -> Run | None:
    """Finish an unfinished import, if there is one, or abandon it with `anew`.

    Errors: see `Driver`.
    """

    def plan(connection: Connection) -> Run | None:
        run = unfinished_run(connection, target.name, Action.REVIEW)
        if run is None:
            return None
        if anew:
            change_state(connection, run, RunState.ABANDONED)
            return None
        return take_up(connection, run, target)

    return Driver(engine, ReviewWork(schema), throttling, observe).run(plan)


def record_review(
    engine: Engine,
    schema: Schema,
    target: Target,
    ballots: Iterable[Ballot],
    throttling: Throttling,
    observe: Observer,
) -> Run:
    """Record the ballots as one run and drive it to its end. Errors: see `Driver`."""

    def plan(connection: Connection) -> Run:
        return _create(connection, target, ballots)

    return Driver(engine, ReviewWork(schema), throttling, observe).run(plan)


def review_target(target: Target, *, links: bool, moves: bool) -> Target:
    """Return what a run writes besides the pet: added pets, and other appointments."""
    also = ("appointment_id",) if moves else ()
    return msgspec.structs.replace(target, also=also, links=links)


def foresee_review(connection: Connection, schema: Schema, target: Target) -> Foresight:
    """Return the obstacles and warnings of the import, with the checks that may refuse its rows."""
    foresight = foresee(connection, schema, target)
    checks = [
        about_check(name) for name, _ in not_valid_checks(connection, schema.tables.recordings)
    ]
    return replace(foresight, warnings=(*foresight.warnings, *checks))


def _create(connection: Connection, target: Target, ballots: Iterable[Ballot]) -> Run:
    run_id = create_run(connection, Action.REVIEW, target)
    planned = 0
    for some in chunks(enumerate(ballots, start=1), _ROWS_AT_ONCE):
        connection.execute(insert(decisions), [_row(run_id, seq, ballot) for seq, ballot in some])
        planned += sum(not ballot.decision.verdict.is_silent for _, ballot in some)
    update_run(connection, run_id, {"planned": planned})
    return read_run(connection, target.name, run_id)


def _row(run_id: int, seq: int, ballot: Ballot) -> dict[str, object]:
    decision = ballot.decision
    return {
        "run_id": run_id, "seq": seq, "row_key": list(ballot.key), "kind": decision.kind,
        "state": decision.state, "verdict": str(decision.verdict), "pet_id": decision.pet_id,
        "appointment_id": decision.appointment_id, "reviewer": decision.reviewer,
        "note": decision.note, "source": ballot.source,
    }  # fmt: skip
