"""The OpenAPI document: committed and up to date.

That the implementation keeps it is tests/integration/host/test_schemathesis.py's to show.
"""

import re
from collections.abc import Callable
from typing import Any

import pytest
from fastapi import FastAPI
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import BaseModel, TypeAdapter
from sqlalchemy import create_engine

from petrec.api import IdStyle, Options, add_document, build_router
from petrec.api.http.examples import BY_TYPE
from petrec.api.http.fitted import with_nulls
from petrec.api.http.openapi import document, export
from tests.integration.api.test_ids import SORTS, TABLES, fill
from tests.plugins.api import Api, Client
from tests.plugins.command import ROOT
from tests.plugins.databases import Database

FILE = ROOT / "docs" / "openapi.json"


@pytest.mark.parametrize("kind", BY_TYPE, ids=str)
def test_examples_fit_their_types(kind: Any) -> None:
    TypeAdapter(kind).validate_python(BY_TYPE[kind], strict=True, extra="forbid")


def test_committed_document_is_current() -> None:
    """To write it anew, print `petrec.api.http.openapi.export()` to it."""
    assert FILE.read_text(encoding="utf-8") == export()


def test_the_validator_finds_nothing() -> None:
    assert list(OpenAPIV31SpecValidator(document()).iter_errors()) == []


@pytest.mark.filterwarnings("ignore:Duplicate Operation ID")
def test_a_host_has_models_and_operations_of_the_same_names() -> None:
    class CompleteIn(BaseModel):
        name: str

    nobody: Any = lambda: None  # noqa: E731
    engine = create_engine("postgresql+psycopg://")
    router = build_router(engine, store=nobody, current_actor=nobody)
    app = FastAPI()
    app.include_router(router, prefix="/inner")

    @app.post("/own", operation_id="complete_upload")
    def own(_: CompleteIn) -> None: ...

    shown = with_nulls(app.openapi(), router)
    renamed = {
        name: schema.get("example")
        for name, schema in shown["components"]["schemas"].items()
        if name.endswith("CompleteIn")
    }
    [example] = filter(None, renamed.values())
    assert len(renamed) == 2
    assert example == document()["components"]["schemas"]["CompleteIn"]["example"]


def test_every_operation_of_the_document_is_complete() -> None:
    operations = [each for path in document()["paths"].values() for each in path.values()]
    for one in operations:
        assert one["tags"], one["operationId"]
        assert "security" in one, one["operationId"]
        assert "422" not in one["responses"], one["operationId"]
    assert len({one["operationId"] for one in operations}) == len(operations)


@pytest.mark.few(3)
@pytest.mark.parametrize("style", IdStyle)
@pytest.mark.parametrize("sort", ["uuid", "integer", "text", "prefixed twice"])
def test_patterns_and_examples_are_those_of_the_ids_that_are_served(
    make_api: Callable[..., Api], empty_database: Database, sort: str, style: IdStyle
) -> None:
    kind, ids = SORTS[sort]
    empty_database.execute(TABLES.format(kind))
    fill(empty_database, ids)
    router = make_api(database=empty_database, options=Options(id_style=style)).router
    app = FastAPI(openapi_url=None)
    app.include_router(router, prefix="/inner")
    add_document(app, router, page="/docs")
    admin = Client(app, {"x-user": ids[0], "x-role": "admin"})
    shown = admin.get("/openapi.json").json()
    assert list(OpenAPIV31SpecValidator(shown).iter_errors()) == []
    listed = admin.get("/inner/api/v1/recordings/?status=pending").json()
    assert len(listed) == len(ids)
    field = shown["components"]["schemas"]["RecordingOut"]["properties"]["id"]
    for each in [*(row["id"] for row in listed), *field["examples"]]:
        assert re.search(field["pattern"], each), (field["pattern"], each)
    started = shown["paths"]["/inner/api/v1/recordings/upload/initiate"]["post"]
    assert (started["parameters"] != []) == (sort != "integer"), "numbers are not made of keys"
    given = admin.get(f"/inner/api/v1/recordings/{field['examples'][0]}")
    assert given.json()["error_code"] == "recording_not_found"
    assert "/inner/api/v1/recordings/" in admin.get("/docs").text
    admin.close()
