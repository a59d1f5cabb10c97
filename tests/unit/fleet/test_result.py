"""The worst outcome comes first and decides; a file of outcomes outlives a crash."""

from pathlib import Path

import pytest

from petrec.documents.document import Document, Finding
from petrec.errors import OutputError, UsageError
from petrec.operations.fleet import Schedule, fleet
from petrec.operations.fleet.kept import KeptOutcomes
from petrec.operations.fleet.places import make_places
from petrec.operations.fleet.result import FleetResult, TargetOutcome, TargetState, state_of
from petrec.operations.fleet.targets import FleetTarget


def outcome(target: str, code: int, *findings: Finding, reason: str = "") -> TargetOutcome:
    document = Document("audit", target, {"total": 1}, findings=findings)
    return TargetOutcome(target, code, state_of(code), reason, documents=(document,))


@pytest.mark.parametrize(
    ("codes", "worst"),
    [((0, 5), 5), ((0, 1, 5), 1), ((1, 2), 2), ((2, 3, 1), 3), ((3, 130), 130), ((-9, 1), -9)],
)
def test_the_exit_code_is_that_of_the_worst_target(codes: tuple[int, ...], worst: int) -> None:
    outcomes = tuple(outcome(str(code), code) for code in codes)
    assert FleetResult(of="audit", targets=outcomes).exit_code == worst


def test_sums_count_findings_and_the_targets_that_have_them() -> None:
    found = [Finding("mismatched", "error", count, "") for count in (2, 0, 3)]
    outcomes = tuple(outcome(str(count), 1, each) for count, each in enumerate(found))
    grid = FleetResult(of="audit", targets=outcomes).document().grids[1]
    assert grid.rows == (("mismatched", "error", 5, 2),)


def test_a_refusal_that_a_person_chose_is_no_finding() -> None:
    declined = outcome("a", 0, reason="Nothing was written.")
    assert FleetResult(of="backfill", targets=(declined,)).document().findings == ()


def test_outcomes_survive_a_line_that_was_cut_off(tmp_path: Path) -> None:
    kept = KeptOutcomes(tmp_path / "kept", ["audit"])
    kept.start([outcome("a", 1, Finding("mismatched", "error", 2, "m"))])
    kept.add(outcome("b", 3))
    kept.add(outcome("c", 0))
    with kept.path.open("a") as file:
        file.write('{"target": "d", "exit_co')
    found = kept.read()
    assert {name: each.state for name, each in found.items()} == {
        "a": TargetState.FINDINGS, "c": TargetState.CLEAN,
    }  # fmt: skip
    assert found["a"] == outcome("a", 1, Finding("mismatched", "error", 2, "m"))
    assert kept.path.stat().st_mode & 0o777 == 0o600
    with pytest.raises(UsageError, match="another command: audit"):
        KeptOutcomes(kept.path, ["validate"]).read()


@pytest.mark.parametrize("odd", ["\u2028", "\x85", "\r", "\n"])
def test_outcomes_of_odd_names_are_found_again(tmp_path: Path, odd: str) -> None:
    kept = KeptOutcomes(tmp_path / "kept", ["audit", odd])
    kept.start([])
    kept.add(outcome(f"a{odd}b", 0))
    assert list(kept.read()) == [f"a{odd}b"]


def test_a_second_fleet_is_kept_from_the_outcomes_of_the_first(tmp_path: Path) -> None:
    kept = KeptOutcomes(tmp_path / ".kept", ["audit"])
    with kept.locked():
        kept.start([outcome("a", 0)])
        with pytest.raises(OutputError, match="another fleet is writing"):
            fleet(["validate"], [FleetTarget("b")], Schedule(kept=kept.path))
    assert list(kept.read()) == ["a"]


def test_names_that_become_the_same_file_are_refused(tmp_path: Path) -> None:
    targets = [FleetTarget("host/a b"), FleetTarget("host/a-b")]
    with pytest.raises(UsageError, match="would both write"):
        make_places([str(tmp_path / "{target}.txt")], targets)
    make_places([str(tmp_path / "new" / "{target}.txt")], targets[:1])
    assert (tmp_path / "new").is_dir()


def test_the_outcomes_are_a_data_frame() -> None:
    outcomes = (outcome("a", 3, reason="down"), outcome("b", 0))
    frame = FleetResult(of="audit", targets=outcomes).frame()
    assert list(frame["state"]) == ["failed", "clean"]
    assert list(frame["documents"]) == [1, 1]
