"""What somebody who mistyped a name may have meant."""

import pytest

from petrec.suggestions import did_you_mean


@pytest.mark.parametrize(
    ("wanted", "known", "question"),
    [
        ("vists", ["pets", "visits"], "did you mean 'visits'?"),
        ("anna MULLER", ["Anna Müller", "Jo"], "did you mean 'Anna Müller'?"),
        ("state", ["status", "stage"], "did you mean 'stage' or 'status'?"),
        ("zebra", ["visits", "pets"], ""),
        ("visits", [], ""),
        ("a\x1b[31m", ["a\x1b[31mb"], r"did you mean 'a\x1b[31mb'?"),
    ],
)
def test_the_most_alike_come_first(wanted: str, known: list[str], question: str) -> None:
    assert did_you_mean(wanted, known) == question


def test_no_more_than_three_are_named() -> None:
    assert did_you_mean("pet1", [f"pet{i}" for i in range(9)]).count("'") == 2 * 3
