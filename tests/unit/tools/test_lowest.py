"""The lowest versions that are tested are those that pyproject.toml promises."""

import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parents[3]


def promised() -> list[Requirement]:
    """Return what users install, with its lower bounds; not what the checks need alone."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = project["optional-dependencies"]
    lists = [extras[name] for name in sorted(extras) if name not in {"dev", "mutants"}]
    found = map(Requirement, sum(lists, project["dependencies"]))
    return [each for each in found if each.name != "petrec"]


def held() -> dict[str, Version]:
    lines = (ROOT / "constraints-lowest.txt").read_text().splitlines()
    pins = [line.split("==") for line in lines if not line.startswith("#")]
    return {name: Version(version) for name, version in pins}


@pytest.mark.parametrize("wanted", promised(), ids=str)
def test_a_promise_is_held_at_its_lowest(wanted: Requirement) -> None:
    """A version below the promise cannot be installed; one above it leaves the promise untried."""
    [bound] = [Version(each.version) for each in wanted.specifier]
    # An extension of DuckDB is of the very version of DuckDB.
    name = "duckdb" if wanted.name.startswith("duckdb-") else wanted.name
    found = held()[name.lower()]
    assert found in wanted.specifier
    # Some first releases have a fault of their own, or were never there.
    assert found.release[:2] == bound.release[:2]
