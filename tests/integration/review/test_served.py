"""A served review: the checks and runs of an import, and nobody overwrites anybody."""

import json
from pathlib import Path

import msgspec
import pytest

from petrec.features.review.case import Decision, Verdict
from petrec.features.review.served.writer import RunWriter
from petrec.features.runs.driver.throttle import Throttling
from petrec.features.runs.journal.lock import key_of_target
from tests.plugins.case_files import write_decisions
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.served import Serve, Served, decision_of, silent
from tests.plugins.waiting import until

DECISIONS = """
SELECT row_key, kind, state, verdict, pet_id, appointment_id, reviewer, note
FROM petrec.decisions ORDER BY row_key, run_id
"""
CHANGES = "SELECT row_key, strategy, old, new FROM petrec.changes ORDER BY row_key, run_id"
LINKS = "SELECT appointment_id, pet_id FROM appointment_pets ORDER BY 1, 2"
RUNS = "SELECT id, action, state, changed, undoes FROM petrec.runs ORDER BY id"


def _some(served: Served) -> list[Decision]:
    """One decision of each verdict."""
    several, mismatched = served.cases("missing_ambiguous"), served.cases("mismatched")
    linked = next(
        (case, candidate)
        for case in mismatched
        for candidate in case.candidates
        if candidate.verdict is Verdict.LINK
    )
    return [
        decision_of(several[0], several[0].candidates[1], note="her voice"),
        decision_of(*linked),
        silent(several[1], Verdict.LEAVE),
        silent(several[2], Verdict.CANNOT_TELL, "Lee"),
    ]


@pytest.mark.parametrize(
    "suffixes",
    [("json",), pytest.param(("csv", "xlsx"), marks=pytest.mark.full)],
    ids=["json", "tables"],
)
def test_decisions_end_in_the_rows_of_an_import_and_can_be_undone(
    database: MakeDatabase, any_cluster: Cluster, serving: Serve, petrec: Petrec, tmp_path: Path,
    suffixes: tuple[str, ...],
) -> None:  # fmt: skip
    clinic, *twins = (database("clinic", any_cluster) for _ in ("page", *suffixes))
    before, served = clinic.checksum(), serving(clinic)
    chosen = _some(served)
    assert [served.decide(one)["outcome"] for one in chosen] == ["saved"] * 4
    assert [row[1:4] for row in clinic.execute(RUNS)] == [
        ("review", "done", 1), ("review", "done", 1),
        ("review", "done", 0), ("review", "done", 0),
    ]  # fmt: skip
    for twin, suffix in zip(twins, suffixes, strict=True):
        file = tmp_path / f"decisions.{suffix}"
        write_decisions(petrec, twin, file, chosen)
        imported = petrec("review", "import", str(file), "--apply", "--yes", "-q", dsn=twin.dsn)
        assert imported.code == 0, imported.err
        for query in (DECISIONS, CHANGES, LINKS):
            assert clinic.execute(query) == twin.execute(query)
        assert clinic.checksum() == twin.checksum() != before
        # A file is one run, so all that it has decided is undone at once.
        assert [row[1:4] for row in twin.execute(RUNS)] == [("review", "done", 2)]
        assert petrec("runs", "undo", "1", "--yes", "-q", dsn=twin.dsn).code == 0
        assert twin.checksum() == before
    # One in the page, one by the command.
    assert served.undo(chosen[0].recording_id, 1)["outcome"] == "undone"
    assert petrec("runs", "undo", "2", "--yes", "-q", dsn=clinic.dsn).code == 0
    assert clinic.checksum() == before


def test_who_decides_second_is_told_who_was_first_and_overwrites_nothing(
    served: Served, clinic: Database
) -> None:
    case = served.cases("missing_ambiguous")[0]
    first = served.decide(decision_of(case, case.candidates[0]))
    run = first["standing"]["run"]
    before = clinic.checksum()
    other = decision_of(case, case.candidates[1], "Lee")
    for known in (0, run):
        answer = served.decide(other, known)
        assert (answer["outcome"], answer["standing"]["reviewer"]) == ("taken", "Kim")
    assert served.undo(case.recording_id, run, "Lee")["outcome"] == "taken"
    agreeing = decision_of(case, case.candidates[0], "Lee")
    assert served.decide(agreeing)["standing"]["run"] == run
    assert clinic.checksum() == before
    assert len(clinic.execute(RUNS)) == 1
    # The one who decided may think again, by an undo and a new run.
    again = served.decide(decision_of(case, case.candidates[1]), run)
    assert (again["outcome"], again["standing"]["run"]) == ("saved", 3)
    assert [row[4] for row in clinic.execute(RUNS)] == [None, run, None]


def test_a_decision_that_changes_nothing_is_respected_until_somebody_knows_it(
    served: Served, petrec: Petrec, clinic: Database
) -> None:
    case = served.cases("missing_ambiguous")[0]
    left = served.decide(silent(case, Verdict.LEAVE))["standing"]
    assert served.decide(silent(case, Verdict.LEAVE))["standing"]["run"] == left["run"]
    chosen = decision_of(case, case.candidates[0], "Lee")
    assert served.decide(chosen)["outcome"] == "taken"
    assert served.undo(case.recording_id, left["run"])["outcome"] == "undone"
    status = petrec("review", "status", "--format", "json", dsn=clinic.dsn)
    assert sum(kind["leave"] for kind in json.loads(status.out)["kinds"]) == 0
    # What was withdrawn can be decided anew; a known one can be overruled.
    anew = served.decide(silent(case, Verdict.LEAVE))["standing"]["run"]
    assert anew > left["run"]
    assert served.decide(chosen, anew)["outcome"] == "saved"


def test_a_recording_that_changed_is_shown_as_it_is_now(served: Served, clinic: Database) -> None:
    cases = served.cases("missing_ambiguous")
    detach = "UPDATE recordings SET appointment_id = NULL WHERE id = %s"
    clinic.execute(detach, (cases[0].recording_id,))
    answer = served.decide(decision_of(cases[0], cases[0].candidates[0]))
    assert (answer["outcome"], answer["case"]["kind"]) == ("changed", "missing_no_appointment")
    looked = served.look("a", recording_id=cases[0].recording_id, state=cases[0].state)
    assert looked["case"] == answer["case"]
    settle = "UPDATE recordings SET pet_id = %s WHERE id = %s"
    clinic.execute(settle, (cases[1].candidates[0].pet_id, cases[1].recording_id))
    answer = served.decide(decision_of(cases[1], cases[1].candidates[1]))
    assert (answer["outcome"], answer["gone"]) == ("changed", True)
    invented = msgspec.structs.replace(decision_of(cases[2], cases[2].candidates[0]), pet_id="x")
    assert served.decide(invented)["outcome"] == "refused"
    assert served.decide(silent(cases[2], Verdict.LEAVE, " "))["reason"] == (
        "reviewer: the reviewer is missing"
    )


def test_a_locked_recording_and_another_command_are_named_and_block_nobody(
    served: Served, clinic: Database
) -> None:
    served.desk._writer = RunWriter(served.session, Throttling(deadline_s=0.2))
    cases = served.cases("missing_ambiguous")
    locked = decision_of(cases[0], cases[0].candidates[0])
    with clinic.connect(autocommit=False) as writer:
        lock = "SELECT FROM recordings WHERE id = %s FOR UPDATE"
        writer.execute(lock, (cases[0].recording_id,))
        assert served.decide(locked)["problem"] == "locked"
        other = served.decide(decision_of(cases[1], cases[1].candidates[0]))
        assert other["outcome"] == "saved"
    assert served.decide(locked)["outcome"] == "saved"
    assert [row[2] for row in clinic.execute(RUNS)] == ["abandoned", "done", "done"]
    third = decision_of(cases[2], cases[2].candidates[0])
    key = key_of_target('"public"."recordings"')
    with clinic.connect() as backfill:
        backfill.execute("SELECT pg_advisory_lock(%s)", (key,))
        assert served.decide(third)["problem"] == "held"
    assert served.decide(third)["outcome"] == "saved"


def test_a_backfill_waits_for_a_decision_that_is_being_written(
    clinic: Database, spawn: Spawn
) -> None:
    held = "SELECT pg_advisory_lock(%s), set_config('application_name', %s, false)"
    committed = """
        SELECT pid, query_start FROM pg_stat_activity
        WHERE application_name LIKE 'petrec backfill%%' AND query = 'COMMIT'
    """
    tries = set()

    def is_waiting() -> bool:
        # It asks for the lock in one short transaction after the other.
        tries.update(clinic.execute(committed, ()))
        return len(tries) > 5

    key = key_of_target('"public"."recordings"')
    with clinic.connect() as decision:
        decision.execute(held, (key, "petrec review serve here:1"))
        backfill = spawn("backfill", "--apply", "--yes", "-q", dsn=clinic.dsn)
        until(lambda: is_waiting() or backfill.poll() is not None)
        assert backfill.poll() is None
    _, err = backfill.communicate()
    assert (backfill.returncode, err) == (0, "")
