"""The router on the clinic, for one test; FastAPI is imported only where it is used."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, MakeDatabase, copied, databases
from tests.plugins.templates import begins_with_journal

if TYPE_CHECKING:
    from tests.plugins.api import Api


def pytest_configure(config: pytest.Config) -> None:
    """Register the mark that says what the fixture `api` is made of."""
    config.addinivalue_line(
        "markers",
        "api(database, headers, shares, **parts): the fixture that gives the database of `api`, the"
        " headers of each of its requests, a name for changes of its code, and parts of its"
        " application",
    )


@pytest.fixture
def make_api(
    request: pytest.FixtureRequest, database: MakeDatabase
) -> Iterator[Callable[..., "Api"]]:
    """Makes applications, on a database of a shape or on the one given."""
    from tests.plugins.api import Api

    made: list[Api] = []

    def make(shape: str = "clinic", **parts: Any) -> Api:
        base = parts.pop("database", None) or database(shape)
        # Changed code may build other statements.
        is_changed = "monkeypatch" in request.fixturenames
        made.append(Api(base, **{"shares": None if is_changed else "", **parts}))
        return made[-1]

    yield make
    for api in made:
        api.close()


@pytest.fixture
def api(request: pytest.FixtureRequest, make_api: Callable[..., "Api"]) -> "Api":
    """The router on the clinic with visits, or on what the mark `api` names.

    The store has a sound for each recording of the two clinics.
    """
    from tests.plugins.two_clinics import SOUNDS

    mark = request.node.get_closest_marker("api")
    if mark is None:
        return make_api("with_visits")
    parts = dict(mark.kwargs)
    headers = parts.pop("headers", {})
    made = make_api(database=request.getfixturevalue(*mark.args), **parts)
    made.client.http.headers.update(headers)
    made.store.objects.update(SOUNDS)
    return made


@pytest.fixture(scope="session")
def both_clinics(cluster: Cluster) -> Iterator[Callable[[bool], Database]]:
    """Returns what `two_clinics` copies, with petrec's journal or without."""
    from tests.plugins.two_clinics import ROWS

    with ExitStack() as made:

        @cache
        def of(journal: bool) -> Database:
            base = made.enter_context(databases(cluster, journal=journal))("with_visits")
            base.execute(ROWS)
            return base

        yield of


@pytest.fixture
def two_clinics(
    request: pytest.FixtureRequest, both_clinics: Callable[[bool], Database]
) -> Iterator[Database]:
    """The damaged clinic with visits, and two clinics in it in place of its own."""
    with copied(both_clinics(begins_with_journal(request.node))) as copy:
        yield copy
