"""A change that changes nothing is tried first; where it is noticed, no result counts."""

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from hypothesis import settings

from tools import mutants
from tools.mutant_control import add_control

CHANGES = {
    "petrec.rules.facts.x_one__mutmut_1": ["test_a", "test_b"],
    "petrec.rules.facts.x_one__mutmut_2": ["test_a", "test_b"],
    "petrec.rules.kind.xǁKindǁtwo__mutmut_1": ["test_b", "test_c"],
    "petrec.rules.kind.x_unreached__mutmut_1": [],
}
CONTROL = "petrec.rules.facts.x_petrec_control__mutmut_0"


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory of an area as mutmut leaves it, once it knows changes and tests."""
    monkeypatch.setattr(mutants, "ROOT", tmp_path)
    made = tmp_path / "build" / "mutants" / "rules"
    for module in ("facts", "kind"):
        file = made / "mutants" / "petrec" / "rules" / f"{module}.py.meta"
        file.parent.mkdir(parents=True, exist_ok=True)
        keys = [name for name in CHANGES if f".{module}." in name]
        file.write_text(json.dumps({"exit_code_by_key": dict.fromkeys(keys)}))
    tests = {name.partition("__")[0]: tests for name, tests in CHANGES.items() if tests}
    stats = {"tests_by_mangled_function_name": tests, "duration_by_test": {}}
    (made / "mutants" / "mutmut-stats.json").write_text(json.dumps(stats))
    return made


def exit_codes(tree: Path) -> dict[str, Any]:
    metas = sorted((tree / "mutants").rglob("*.meta"))
    return {
        k: v for each in metas for k, v in json.loads(each.read_text())["exit_code_by_key"].items()
    }


def test_the_control_runs_every_test_of_the_chosen_changes_and_no_other(tree: Path) -> None:
    assert add_control(tree / "mutants", [*CHANGES][:2]) == CONTROL
    stats = json.loads((tree / "mutants" / "mutmut-stats.json").read_text())
    reaching = stats["tests_by_mangled_function_name"]
    assert reaching[CONTROL.partition("__")[0]] == ["test_a", "test_b"]
    add_control(tree / "mutants", CHANGES)
    stats = json.loads((tree / "mutants" / "mutmut-stats.json").read_text())
    reaching = stats["tests_by_mangled_function_name"]
    assert reaching[CONTROL.partition("__")[0]] == ["test_a", "test_b", "test_c"]
    assert exit_codes(tree) == dict.fromkeys([*CHANGES, CONTROL])


class Mutmut:
    """mutmut in a set-up of which tests pass without a change, or do not."""

    def __init__(self, tree: Path, ends_of_control: str, failing: Sequence[str]) -> None:
        self.tree, self.of_control, self.failing = tree, ends_of_control, failing
        self.tried: list[str] = []

    def call(self, _: Path, *command: str, failures: Path | None = None, **__: Any) -> None:
        names = [word for word in command if "__mutmut_" in word]
        self.tried += names
        if failures is not None:
            failures.write_text("".join(f"{test}\n" for test in self.failing))

    def ends(self, _: Path) -> dict[str, str]:
        of_each = {name: "killed" if name in self.tried else mutants.UNTRIED for name in CHANGES}
        return of_each | {CONTROL: self.of_control}


def run(tree: Path, monkeypatch: pytest.MonkeyPatch, mutmut: Mutmut) -> int:
    known = {name: (name.rpartition(".")[0], "NAME") for name in CHANGES}
    monkeypatch.setattr(mutants, "prepare", lambda *_: None)
    monkeypatch.setattr(mutants, "groups", lambda _: known)
    monkeypatch.setattr(mutants, "call", mutmut.call)
    monkeypatch.setattr(mutants, "ends", mutmut.ends)
    return mutants.main("rules", "2", None, 1)


def test_changes_are_tried_where_the_control_goes_unnoticed(
    tree: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    mutmut = Mutmut(tree, "survived", [])
    assert run(tree, monkeypatch, mutmut) == 0
    assert mutmut.tried == [CONTROL, *CHANGES]
    assert "rules: 100.0 % of 4 changes noticed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("end", "failing", "named"),
    [
        ("killed", ["tests/unit/rules/test_facts.py::test_a"], "test_facts.py::test_a\n"),
        ("timeout", [], "no test by name: timeout\n"),
        ("not checked", ["tests/test_b.py::test_b"], "test_b.py::test_b\n"),
    ],
)
def test_no_change_is_tried_where_the_control_is_noticed(
    tree: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    end: str,
    failing: list[str],
    named: str,
) -> None:
    mutmut = Mutmut(tree, end, failing)
    assert run(tree, monkeypatch, mutmut) == 1
    assert mutmut.tried == [CONTROL]
    told = capsys.readouterr().out
    assert told.startswith("rules: tests fail without any change, so no result counts:\n")
    assert told.endswith(named)
    assert "%" not in told


def test_a_test_that_fails_is_written_down_unless_it_is_meant_to(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    known = ModuleType("mutmut.state")
    known.__dict__["state"] = lambda: SimpleNamespace(duration_by_test={})
    monkeypatch.setitem(sys.modules, "mutmut.state", known)
    failures = tmp_path / "failures.txt"
    monkeypatch.setenv("PETREC_MUTANT_FAILURES", str(failures))
    monkeypatch.setenv("PETREC_MUTANT_SECONDS", "inf")
    pytester.makepyfile(test_it="def test_fails(): assert 0\ndef test_passes(): pass")
    plugin = ("-p", "tests.plugins.mutants", "-p", "no:schemathesis", "-W", "ignore", "-q")
    before = settings.get_current_profile_name()
    monkeypatch.setenv("MUTANT_UNDER_TEST", "fail")
    assert pytester.runpytest_inprocess(*plugin).ret == 1
    assert not failures.exists()
    monkeypatch.setenv("MUTANT_UNDER_TEST", CONTROL)
    assert pytester.runpytest_inprocess(*plugin).ret == 1
    assert failures.read_text() == "test_it.py::test_fails\n"
    settings.load_profile(before)
