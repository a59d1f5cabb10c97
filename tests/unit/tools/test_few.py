"""What `make test` leaves out of many cases, and of two versions of the server."""

import pytest

CASES = """
import pytest

@pytest.mark.few({few})
@pytest.mark.parametrize("number", range({cases}))
def test_any(number): pass
"""
VERSIONS = """
import pytest

@pytest.fixture(params=[18, 14], ids=["pg18", "pg14"])
def any_cluster(request): return request.param

@pytest.mark.parametrize("number", range(16))
def test_any(any_cluster, number): print(f"ran on {any_cluster}.")
"""


def run(pytester: pytest.Pytester, text: str) -> pytest.RunResult:
    pytester.makepyfile(text)
    # Plugins that are not used take longer to load than the tests take.
    plugins = ("-p", "tests.plugins.few", "-p", "no:schemathesis")
    return pytester.runpytest_inprocess(*plugins, "-m", "not full", "-W", "ignore", "-s")


@pytest.mark.parametrize(
    ("cases", "few", "run_by_make_test"), [(10, 3, 3), (9, 3, 3), (7, 3, 3), (3, 9, 3), (5, 1, 1)]
)
def test_so_many_cases_are_left(
    pytester: pytest.Pytester, cases: int, few: int, run_by_make_test: int
) -> None:
    ended = run(pytester, CASES.format(cases=cases, few=few))
    ended.assert_outcomes(passed=run_by_make_test, deselected=cases - run_by_make_test)


def test_each_case_is_left_on_one_version_and_each_version_has_some(
    pytester: pytest.Pytester,
) -> None:
    ended = run(pytester, VERSIONS)
    ended.assert_outcomes(passed=16, deselected=16)
    shown = ended.stdout.str()
    assert shown.count("ran on 18.") > 3
    assert shown.count("ran on 14.") > 3
