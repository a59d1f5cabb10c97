"""A sample is the same for the same seed, and a second run goes on with the first."""

import json
from pathlib import Path

from tools.mutants import SKIPPED, choose, noticed_percent

ENDS = dict.fromkeys(("killed", "timeout", "segfault", "survived", "no_tests", "suspicious"), 0)


def ends(directory: Path) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for file in sorted(directory.glob("mutants/**/*.meta")):
        found |= json.loads(file.read_text())["exit_code_by_key"]
    return found


def write(directory: Path, done: dict[str, int]) -> None:
    for file in ("a", "b"):
        known = {f"{file}.f__mutmut_{n}": done.get(f"{file}.f__mutmut_{n}") for n in range(20)}
        path = directory / "mutants" / "petrec" / f"{file}.py.meta"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"exit_code_by_key": known, "other": 1}))


def test_a_seed_chooses_the_same_changes_again(tmp_path: Path) -> None:
    write(tmp_path, {})
    choose(tmp_path, 10, seed=1)
    first = ends(tmp_path)
    assert sorted(map(str, first.values())) == sorted(["None"] * 10 + [str(SKIPPED)] * 30)
    choose(tmp_path, 10, seed=1)
    assert ends(tmp_path) == first
    choose(tmp_path, 10, seed=2)
    assert ends(tmp_path) != first
    choose(tmp_path, 1000, seed=2)
    assert set(ends(tmp_path).values()) == {None}


def test_what_has_been_tried_is_kept(tmp_path: Path) -> None:
    tried = {"a.f__mutmut_1": 1, "b.f__mutmut_2": 0}
    write(tmp_path, tried)
    choose(tmp_path, 0, seed=1)
    found = ends(tmp_path)
    assert {name: found[name] for name in tried} == tried
    assert list(found.values()).count(SKIPPED) == 38


def test_a_change_without_tests_goes_unnoticed() -> None:
    assert noticed_percent(ENDS | {"killed": 6, "timeout": 3, "survived": 2, "no_tests": 1}) == 75
    assert noticed_percent(ENDS | {"killed": 1, "skipped": 9}) == 100
