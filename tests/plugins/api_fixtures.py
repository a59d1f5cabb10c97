"""The router on the clinic, for one test; FastAPI is imported only where it is used."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.plugins.databases import Database, MakeDatabase

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


@pytest.fixture
def two_clinics(database: MakeDatabase) -> Database:
    """The damaged clinic with visits, and two clinics more in it."""
    from tests.plugins.two_clinics import ROWS

    made = database("with_visits")
    made.execute(ROWS)
    return made


@pytest.fixture
def api_of_two_clinics(make_api: Callable[..., "Api"], two_clinics: Database) -> "Api":
    """The router on them, with a sound in the store for each of their recordings."""
    from petrec.api import StoredObject
    from tests.plugins.two_clinics import REC1, REC2

    api = make_api(database=two_clinics)
    for recording in (REC1, REC2):
        api.store.objects[f"key-{recording}"] = StoredObject(3, "audio/mp4", "e")
    return api
