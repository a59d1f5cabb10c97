"""Decisions about recordings of other nodes: what is offered, written, refused and undone."""

import json
from collections import Counter
from collections.abc import Set
from pathlib import Path
from typing import Any

import pytest

from petrec.features.review.case import Case
from tests.plugins.case_files import Decide, candidates, decide, read_csv
from tests.plugins.citus import COPIED, HASHED, LOCAL, SEEN, TENANT, VISITED, CitusClinics
from tests.plugins.command import Petrec
from tests.plugins.served import Serve, Served, decision_of

HERE, MOVED, LINKED = ("assign", "here"), ("assign", "moved"), ("link", "here")
SAME = [(TENANT, LOCAL, {HERE, MOVED}), (HASHED, LOCAL, {HERE}), (COPIED, SEEN, {HERE})]
DECIDED = "SELECT row_key, verdict, pet_id, appointment_id FROM petrec.decisions WHERE run_id ="
DECIDED += " (SELECT max(run_id) FROM petrec.decisions) ORDER BY row_key"


def export(petrec: Petrec, citus: CitusClinics, layout: str, directory: Path) -> Path:
    """Export the cases of a clinic that is built anew."""
    citus.build(layout)
    path = directory / f"{layout}.csv"
    done = petrec("review", "export", path.name, "-q", "--schema", layout, dsn=citus.dsn)
    assert done.code == 0, done.err
    return path


def sorts(row: dict[str, str]) -> list[tuple[str, str]]:
    """Return the verdict of each candidate, and whether its appointment is the recording's own."""
    here = row["appointment_id"]
    return [(one[1], "here" if one[3] == here else "moved") for one in candidates(row)]


def offered(path: Path) -> Counter[tuple[str, str]]:
    return Counter(sort for row in read_csv(path) for sort in sorts(row))


def choose(wanted: Set[tuple[str, str]]) -> Decide:
    """Choose the last candidate of these sorts in every seventh recording that has any."""

    def chosen(row: dict[str, str]) -> dict[str, str]:
        fits = [at for at, one in enumerate(sorts(row), start=1) if one in wanted]
        taken = fits and int(row["recording_id"]) % 7 == 0
        return {"decision": str(fits[-1]), "reviewer": "Ada"} if taken else {}

    return chosen


@pytest.mark.parametrize(("layout", "plain", "wanted"), SAME, ids=[each[0] for each in SAME])
def test_decisions_of_a_file_are_written_and_undone_as_on_plain_tables(
    layout: str,
    plain: str,
    wanted: Set[tuple[str, str]],
    petrec: Petrec,
    citus: CitusClinics,
    tmp_path: Path,
) -> None:
    written, decided = [], []
    for schema in (plain, layout):
        path = decide(export(petrec, citus, schema, tmp_path), choose(wanted))
        before = citus.recordings(schema)
        words = ("--schema", schema, "--apply", "--yes", "--format", "json")
        done = petrec("review", "import", str(path), *words, dsn=citus.dsn)
        assert done.code == 0, done.err
        written.append(citus.recordings(schema))
        decided.append(citus.execute(DECIDED))
    assert before != written[0] == written[1]
    assert decided[0] == decided[1]
    run = str(json.loads(done.out)["run"]["id"])
    undone = petrec("runs", "undo", run, "--yes", "--schema", layout, dsn=citus.dsn)
    assert undone.code == 0, undone.err
    assert citus.recordings(layout) == before


@pytest.mark.parametrize(
    ("layout", "plain", "never"),
    [
        (TENANT, LOCAL, {LINKED}),
        (HASHED, LOCAL, {LINKED, MOVED}),
        (COPIED, SEEN, {LINKED, MOVED}),
    ],
)
def test_only_what_can_be_written_is_offered(
    layout: str,
    plain: str,
    never: set[tuple[str, str]],
    petrec: Petrec,
    citus: CitusClinics,
    tmp_path: Path,
) -> None:
    everything = offered(export(petrec, citus, plain, tmp_path))
    assert set(everything) >= never
    there = offered(export(petrec, citus, layout, tmp_path))
    assert there == {each: count for each, count in everything.items() if each not in never}


@pytest.mark.parametrize(
    ("layout", "plain", "choice", "reason"),
    [
        (TENANT, LOCAL, LINKED, "petrec does not add pets to appointments on Citus"),
        (HASHED, LOCAL, LINKED, "petrec does not add pets to appointments on Citus"),
        (HASHED, LOCAL, MOVED, "Citus cannot move recordings"),
        (COPIED, SEEN, MOVED, "Citus cannot move recordings"),
    ],
)
def test_other_decisions_are_refused_by_line_before_anything_is_written(
    layout: str,
    plain: str,
    choice: tuple[str, str],
    reason: str,
    petrec: Petrec,
    citus: CitusClinics,
    tmp_path: Path,
) -> None:
    path = decide(export(petrec, citus, plain, tmp_path), choose({choice}))
    decided = [row["recording_id"] for row in read_csv(path) if row["decision"]]
    citus.build(layout)
    before = citus.recordings(layout)
    words = ("--apply", "--yes", "--schema", layout, "--format", "json")
    refused = json.loads(petrec("review", "import", str(path), *words, dsn=citus.dsn).out)
    reasons = {each["recording_id"]: each["reason"] for each in refused["problems"]}
    assert list(reasons) == decided != []
    assert all(reason in each for each in reasons.values())
    assert refused["run"] is None
    assert citus.recordings(layout) == before


def serve(serving: Serve, citus: CitusClinics, layout: str, directory: Path) -> Served:
    config = directory / "petrec.toml"
    config.write_text(f'[mapping]\nschema = "{layout}"\n')
    return serving(citus, config=config)


@pytest.mark.parametrize("layout", [TENANT, HASHED, COPIED])
def test_a_served_review_writes_refuses_and_undoes(
    layout: str, serving: Serve, citus: CitusClinics, tmp_path: Path
) -> None:
    citus.build(layout)
    before = citus.recordings(layout)
    served = serve(serving, citus, layout, tmp_path)
    first, second, *_ = served.cases("missing_ambiguous")
    saved = served.decide(decision_of(first, first.candidates[1]))
    assert saved["outcome"] == "saved", saved
    assert pets(citus, layout) - set(before) == {told(first, first.candidates[1].pet_id)}
    assert served.undo(first.recording_id, saved["standing"]["run"])["outcome"] == "undone"
    assert citus.recordings(layout) == before
    taken = served.decide(decision_of(second, second.candidates[0]))
    other = served.decide(decision_of(second, second.candidates[1], "Lee"))
    assert (taken["outcome"], other["outcome"]) == ("saved", "taken")
    # Another decision of the same person: an undo, and a run.
    again = decision_of(second, second.candidates[1])
    assert served.decide(again, taken["standing"]["run"])["outcome"] == "saved"
    assert pets(citus, layout) - set(before) == {told(second, second.candidates[1].pet_id)}


def pets(citus: CitusClinics, layout: str) -> set[tuple[Any, ...]]:
    return set(citus.recordings(layout))


def told(case: Case, pet: str) -> tuple[int, int, int]:
    return int(case.recording_id), int(case.appointment_id or 0), int(pet)


def test_a_served_review_needs_its_visits_beside_the_recordings(
    petrec: Petrec, citus: CitusClinics
) -> None:
    citus.build(VISITED)
    relations = "SELECT to_regnamespace('petrec')"
    before = citus.execute(relations), citus.recordings(VISITED)
    refused = petrec("review", "serve", "--schema", VISITED, dsn=citus.dsn)
    assert refused.code == 2
    assert "visits and recordings on different nodes" in refused.err
    assert (citus.execute(relations), citus.recordings(VISITED)) == before
