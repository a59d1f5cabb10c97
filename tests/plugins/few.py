"""What `make test` leaves to `make test-full`, and which file the workers begin with.

It leaves most of many cases, and the second version.
"""

import zlib
from collections import Counter, defaultdict
from collections.abc import Iterable
from itertools import islice

import pytest

from tests.plugins.servers import EVERY_VERSION


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark."""
    config.addinivalue_line(
        "markers",
        "few(count): `make test` runs so many of the test's cases, spread evenly over all of them",
    )
    config.addinivalue_line(
        "markers", "long: workers begin with the test's file, lest one works on it when all is done"
    )


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark as `full` what need not run each time; before those marked are deselected."""
    if not EVERY_VERSION:
        _leave_one_version(items)
    cases: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        if item.get_closest_marker("few") and not item.get_closest_marker("full"):
            cases[_function(item)].append(item)
    for each in cases.values():
        mark = each[0].get_closest_marker("few")
        assert mark is not None
        step = max(1, -(-len(each) // mark.args[0]))
        kept = {id(item) for item in islice(each, 0, None, step)}
        _mark(item for item in each if id(item) not in kept)
    if hasattr(config, "workerinput"):
        _begin_with_long_files(items)


def _begin_with_long_files(items: list[pytest.Item]) -> None:
    """Order the files, which workers take as a whole: those marked, then those with most tests.

    Those that need no server come last: each takes so little that the workers end together.
    """
    left = [item for item in items if not item.get_closest_marker("full")]
    counts = Counter(item.path for item in left)
    long = {item.path for item in left if item.get_closest_marker("long")}
    items.sort(
        key=lambda item: (
            item.path not in long, item.nodeid.startswith("tests/unit/"),
            -counts[item.path], item.path,
        )
    )  # fmt: skip


def _leave_one_version(items: list[pytest.Item]) -> None:
    """Of the same case on two servers leave one; which one differs from case to case."""
    versions: dict[str, list[pytest.Item]] = defaultdict(list)
    for item in items:
        major = _major(item)
        if major is not None and not item.get_closest_marker("full"):
            versions[item.nodeid.replace(f"pg{major}", "pg")].append(item)
    for case, each in versions.items():
        kept = each[zlib.crc32(case.encode()) % len(each)]
        _mark(item for item in each if item is not kept)


def _function(item: pytest.Item) -> str:
    return item.nodeid.partition("[")[0]


def _major(item: pytest.Item) -> int | None:
    """Return the version of the server that the test asks for as `any_cluster`, if it does."""
    callspec = getattr(item, "callspec", None)
    return callspec.params.get("any_cluster") if callspec else None


def _mark(items: Iterable[pytest.Item]) -> None:
    for item in items:
        item.add_marker(pytest.mark.full)
