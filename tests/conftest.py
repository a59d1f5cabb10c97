"""The fixtures come from named plugins; no example of Hypothesis fails where a machine is slow."""

import gc
from collections.abc import Generator

import pytest
from hypothesis import HealthCheck, settings

# Before the tests are imported, whose own settings begin with these.
settings.register_profile("unhurried", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("few", settings.get_profile("unhurried"), max_examples=25)
settings.load_profile("unhurried")

pytest_plugins = [
    "pytester",
    "tests.plugins.mutants",
    "tests.plugins.servers",
    "tests.plugins.few",
    "tests.plugins.correlation",
    "tests.plugins.templates",
    "tests.plugins.databases",
    "tests.plugins.backfilled",
    "tests.plugins.batches",
    "tests.plugins.citus",
    "tests.plugins.command",
    "tests.plugins.terminals",
    "tests.plugins.alembic_project",
    "tests.plugins.pooler",
    "tests.plugins.seaweed",
    "tests.plugins.sweeps",
    "tests.plugins.programs",
    "tests.plugins.exports",
    "tests.plugins.spark",
    "tests.plugins.votes",
    "tests.plugins.reports",
    "tests.plugins.pages",
    "tests.plugins.fleets",
    "tests.plugins.served",
    "tests.plugins.api_fixtures",
    "tests.plugins.limits",
    "tests.plugins.receiver",
    "tests.plugins.spans",
    "tests.plugins.generators",
]


def pytest_configure(config: pytest.Config) -> None:
    """Try fewer examples where what is marked `full` is left out; a change gets all there are."""
    from tests.plugins.mutants import is_under_mutmut

    if "not full" in config.option.markexpr and not is_under_mutmut():
        settings.load_profile("few")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Look for garbage in what tests make, not in what was imported and collected for them."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.freeze()
        gc.enable()
