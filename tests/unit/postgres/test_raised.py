"""The functions that a context line names, whatever the language of the server's messages."""

import pytest

from petrec.postgres.raised import called_functions, outermost_function

NESTED = """PL/pgSQL function pre_check() line 3 at RAISE
SQL statement "UPDATE pets SET name = 'PL/pgSQL function hidden() line 1'"
PL/pgSQL-Funktion clinic."my check"() Zeile 7 bei SQL-Anweisung"""


@pytest.mark.parametrize(
    ("context", "called", "outermost"),
    [
        ("", [], ""),
        ("PL/pgSQL function check_pet() line 3 at RAISE", ["check_pet"], "check_pet"),
        ("PL/pgSQL check_pet(), regel 3", ["check_pet"], ""),
        ('PL/Python function "check_pet"', [], "check_pet"),
        ("COPY recordings, line 3", [], ""),
    ],
)
def test_a_context_names_functions(context: str, called: list[str], outermost: str) -> None:
    assert called_functions(context) == called
    assert outermost_function(context) == outermost


def test_the_innermost_function_comes_first_and_keeps_its_whole_name() -> None:
    called = called_functions(NESTED)
    assert (called[0], called[-1]) == ("pre_check", 'clinic."my check"')
    assert outermost_function(NESTED) == 'clinic."my check"'
