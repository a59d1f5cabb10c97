"""How tests run under mutmut, which forks a process for each mutant off the one that has begun."""

import os
import sys
from itertools import accumulate
from pathlib import Path

import pytest

from tests.plugins.reached import counts_functions, functions_of_commands

_MUTMUT_TIMEOUT = 36
# What fixtures take is not in the durations.
_SET_UP_S = 3


def is_under_mutmut() -> bool:
    """Return whether mutmut runs the tests."""
    return "MUTANT_UNDER_TEST" in os.environ


def forks_follow() -> bool:
    """Return whether this is mutmut's own process: its forks go on with the servers."""
    return is_under_mutmut() and "__mutmut_" not in os.environ["MUTANT_UNDER_TEST"]


def pytest_configure(config: pytest.Config) -> None:
    """Note how tests end; Hypothesis only finds a failure, since the smallest one takes long."""
    config.pluginmanager.register(_Ends())
    if is_under_mutmut():
        from hypothesis import Phase, settings

        phases = [Phase.explicit, Phase.generate]
        settings.register_profile("mutants", phases=phases, database=None)
        settings.load_profile("mutants")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run what takes least time first, most changes end there; and no test without end."""
    if not is_under_mutmut():
        return
    took = sys.modules["mutmut.state"].state().duration_by_test
    limit = float(os.environ.get("PETREC_MUTANT_LIMIT", "10"))
    items.sort(key=lambda item: took.get(item.nodeid, 0))
    for item in items:
        if item.nodeid in took:
            mark = pytest.mark.timeout(limit * (took[item.nodeid] + _SET_UP_S))
            item.add_marker(mark, append=False)
    if not counts_functions() and not config.option.collectonly:
        ends = accumulate(took.get(item.nodeid, 0) for item in items)
        most = float(os.environ.get("PETREC_MUTANT_SECONDS", "60"))
        count = max(1, sum(end <= most for end in ends))
        config.hook.pytest_deselected(items=items[count:])
        del items[count:]


class _Ends:
    """How the tests of one session end; a test may run a session of its own."""

    def __init__(self) -> None:
        self.late = False

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Remember that a test did not end in time; write down which fails without a change."""
        if report.failed and "from pytest-timeout" in report.longreprtext:
            self.late = True
        # mutmut lets every test fail once, to see that it can.
        is_meant = os.environ.get("MUTANT_UNDER_TEST") == "fail"
        if report.failed and not is_meant and (file := os.environ.get("PETREC_MUTANT_FAILURES")):
            with Path(file).open("a") as out:
                out.write(f"{report.nodeid}\n")

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        """Tell mutmut that what failed did not end in time."""
        if is_under_mutmut() and self.late:
            session.exitstatus = _MUTMUT_TIMEOUT


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_teardown() -> None:
    """Count what commands of the test have reached as reached by the test."""
    if counts_functions():
        from mutmut.state import state

        state()._stats.update(functions_of_commands())
