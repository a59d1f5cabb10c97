"""The router on the clinic, for one test; FastAPI is imported only where it is used."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins.databases import MakeDatabase

if TYPE_CHECKING:
    from tests.plugins.api import Api


@pytest.fixture
def make_api(database: MakeDatabase) -> Iterator[Callable[..., "Api"]]:
    """Makes applications, on a database of a shape or on the one given."""
    from tests.plugins.api import Api

    made: list[Api] = []

    def make(shape: str = "clinic", **parts: Any) -> Api:
        base = parts.pop("database", None) or database(shape)
        made.append(Api(base, **parts))
        return made[-1]

    yield make
    for api in made:
        api.close()


@pytest.fixture
def api(make_api: Callable[..., "Api"]) -> "Api":
    """The router on the clinic with visits."""
    return make_api("with_visits")
