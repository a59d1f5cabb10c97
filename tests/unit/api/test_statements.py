"""The text that the server gets has numbers for values, and every name as it is."""

from typing import Any

import pytest
from sqlalchemy import Text, bindparam, cast, column, select, table

from petrec.api.statements import CompiledStatement


@pytest.mark.parametrize("name", ["a%b", "a%(x)s", "%%", "$1", "x:y", "(%s)", 'quo"te'])
def test_names_that_look_like_values_stay_names(name: str) -> None:
    odd = table(name, column(name))
    x: Any = bindparam("x")
    y: Any = bindparam("y")
    query = select(odd.c[name]).where(odd.c[name] == cast(x, Text), cast(y, Text) == cast(x, Text))
    quoted = '"' + name.replace('"', '""') + '"'
    # Each value has one number, however often it is named.
    raw, names = CompiledStatement(query).raw
    assert " ".join(raw.decode().split()) == (
        f"SELECT {quoted}.{quoted} FROM {quoted} WHERE {quoted}.{quoted} = CAST($1 AS TEXT)"
        " AND CAST($2 AS TEXT) = CAST($1 AS TEXT)"
    )
    assert names == ("x", "y")
