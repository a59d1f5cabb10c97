"""A sample is the same for the same seed, and has its share of each file and sort of change."""

import fnmatch
import os
import sys
from collections import Counter
from functools import partial
from types import ModuleType, SimpleNamespace

import pytest
from hypothesis import settings

from tests.plugins import servers
from tools.mutant_areas import AREAS, Area
from tools.mutants import ROOT, choose, noticed_percent, what_changes

KNOWN = {f"{file}.{kind}.{n}": (file, kind) for file in "abcd" for kind in "xy" for n in range(10)}


def test_a_seed_chooses_the_same_changes_again() -> None:
    first = choose(KNOWN, 10, seed=1)
    assert len(set(first)) == 10
    assert choose(dict(reversed(KNOWN.items())), 10, seed=1) == first
    assert choose(KNOWN, 10, seed=2) != first


@pytest.mark.parametrize("seed", range(5))
def test_each_file_and_sort_of_change_has_its_share(seed: int) -> None:
    assert set(Counter(KNOWN[name] for name in choose(KNOWN, 16, seed)).values()) == {2}
    assert len({KNOWN[name][0] for name in choose(KNOWN, 4, seed)}) == 4


def test_no_sample_is_larger_than_what_there_is() -> None:
    assert sorted(choose(KNOWN, 1000, seed=2)) == sorted(KNOWN)
    assert choose({}, 5, seed=1) == []


@pytest.mark.parametrize(
    ("changed", "sort"),
    [
        ("return a + 2 if b else 'c'", "NUMBER"),
        ("return a - 1 if b else 'c'", "OP"),
        ("return a + 1 if not b else 'c'", "NAME"),
        ("return a + 1 if b else 'XXcXX'", "STRING"),
    ],
)
def test_a_change_is_of_the_sort_of_what_it_replaces(changed: str, sort: str) -> None:
    original = "    def f__mutmut_orig(a, b):\n        return a + 1 if b else 'c'\n"
    assert what_changes(original, f"    def f__mutmut_1(a, b):\n        {changed}\n") == sort


def test_a_change_without_tests_goes_unnoticed_and_one_without_end_does_not_count() -> None:
    assert noticed_percent({"killed": 6, "timeout": 3, "survived": 1, "no tests": 1}) == 75
    assert noticed_percent({"killed": 1, "skipped": 9}) == 100


@pytest.mark.parametrize("area", AREAS.values(), ids=AREAS)
def test_an_area_names_files_and_tests_that_exist(area: Area) -> None:
    files = [str(file.relative_to(ROOT)) for file in (ROOT / "petrec").rglob("*.py")]
    assert all(fnmatch.filter(files, name) for name in (*area.changed, *area.left_out))
    assert all((ROOT / test).exists() for test in area.tests)


def test_a_test_without_end_is_told_from_one_that_fails(
    pytester: pytest.Pytester, monkeypatch: pytest.MonkeyPatch
) -> None:
    known = ModuleType("mutmut.state")
    took = {"test_it.py::test_slow": -2.999}
    known.__dict__["state"] = lambda: SimpleNamespace(duration_by_test=took)
    monkeypatch.setitem(sys.modules, "mutmut.state", known)
    monkeypatch.setenv("MUTANT_UNDER_TEST", "one")
    pytester.makepyfile(
        test_it="import time\ndef test_fails(): assert 0\ndef test_slow(): time.sleep(9)"
    )
    before = settings.get_current_profile_name()
    plugins = ("-p", "tests.plugins.mutants", "-p", "no:schemathesis", "-W", "ignore", "-q")
    assert pytester.runpytest_inprocess(*plugins, "-k", "fails").ret == 1
    assert pytester.runpytest_inprocess(*plugins, "-k", "slow").ret == 36
    settings.load_profile(before)


def test_a_fork_leaves_the_servers_of_its_parent_as_they_are(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Their connections would end with a warning, and the warning ends each change as noticed."""
    removed: list[int] = []
    own, parents = (
        SimpleNamespace(owner=owner, remove=partial(removed.append, owner))
        for owner in (os.getpid(), os.getppid())
    )
    running = {17: parents, 18: own}
    monkeypatch.setattr(servers, "_running", running)
    servers._remove_servers()
    assert (running, removed) == ({17: parents}, [os.getpid()])
