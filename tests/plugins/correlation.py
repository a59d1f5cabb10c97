"""Every statement compiled in a test: no subquery may repeat a table of a query around it.

`WHERE x IN (SELECT ... FROM links, appointments ...)` inside a query of appointments looks like a
correlated subquery and is none: it reads all appointments. SQLAlchemy leaves a table out of a
subquery only where the query directly around it has the table, so the mistake compiles in silence.
A subquery that does mean all rows of the table names it by an alias.
"""

from collections.abc import Iterator
from typing import Any

import pytest
from sqlalchemy import CTE, FromClause, Join
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.selectable import NamedFromClause

_original: Any = SQLCompiler._setup_select_stack
_found: list[str] = []


def _names(source: FromClause) -> Iterator[tuple[str | None, str]]:
    """Yield the names by which a query's conditions reach the source."""
    if isinstance(source, Join):
        yield from _names(source.left)
        yield from _names(source.right)
    elif isinstance(source, NamedFromClause) and not isinstance(source, CTE):
        yield getattr(source, "schema", None), str(source.name)


def _checked(
    self: SQLCompiler, select: Any, state: Any, entry: Any, asfrom: bool, lateral: bool, *rest: Any
) -> Any:
    around = {name for source in entry["correlate_froms"] for name in _names(source)}
    froms = _original(self, select, state, entry, asfrom, lateral, *rest)
    if not asfrom or lateral:
        for name in (name for source in froms for name in _names(source)):
            # Of the catalog, SQLAlchemy itself asks so when it reflects a table.
            if name in around and name[0] != "pg_catalog":
                _found.append(f"{name[1]} is repeated in a subquery:\n{select}")
    return froms


def pytest_configure() -> None:
    """Look at what is compiled from now on."""
    SQLCompiler._setup_select_stack = _checked  # type: ignore[method-assign]


def pytest_unconfigure() -> None:
    """Look no more."""
    SQLCompiler._setup_select_stack = _original  # type: ignore[method-assign]


def take_repeated() -> list[str]:
    """Return what was found since the last time."""
    taken = list(_found)
    _found.clear()
    return taken


@pytest.fixture(autouse=True)
def no_table_is_repeated() -> Iterator[None]:
    """Fail the test in which such a statement was compiled."""
    yield
    repeated = take_repeated()
    assert not repeated, "\n\n".join(repeated)
