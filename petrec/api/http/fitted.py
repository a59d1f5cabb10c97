"""The document fitted to what is served: ids as this database has them, null keys of examples."""

import re
from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter
from fastapi.routing import APIRoute

from petrec.api.entities import Entity
from petrec.api.http.ids import Ids
from petrec.postgres.ids import UUID_PATTERN

_PATTERNS = {f"^{entity}-{UUID_PATTERN}$": entity for entity in Entity}
_EXAMPLE = re.compile(f"({'|'.join(Entity)})-({UUID_PATTERN})")


def with_nulls(document: dict[str, Any], router: APIRouter) -> dict[str, Any]:
    """Return the document with all keys of the examples: FastAPI leaves out what is null."""
    schemas = document["components"]["schemas"]
    routes = {each.operation_id: each for each in router.routes if isinstance(each, APIRoute)}
    for path, operations in document["paths"].items():
        for operation in operations.values():
            # The host may have mounted the router under another path, but ids of operations stay.
            # One of the host's own operations may have the same id.
            route = routes.get(operation.get("operationId") or "")
            if route is None or not path.endswith(route.path_format):
                continue
            for model in _bodies(route):
                example = model.model_config["json_schema_extra"]["example"]
                # FastAPI renames it where the host has a model of the same name.
                shown = operation["requestBody"]["content"]["application/json"]["schema"]
                schemas[shown["$ref"].rpartition("/")[2]]["example"] = example
            for status, example in _examples(route):
                operation["responses"][status]["content"]["application/json"]["example"] = example
    return document


def with_ids(value: Any, ids: Ids) -> Any:
    """Return a document whose patterns and examples of ids are those of a database."""
    match value:
        case dict():
            return {key: with_ids(each, ids) for key, each in value.items()}
        case list():
            return [with_ids(each, ids) for each in value]
        case str() if value in _PATTERNS:
            return ids.pattern(_PATTERNS[value])
        case str():
            return _EXAMPLE.sub(lambda found: ids.example(Entity(found[1]), found[2]), value)
    return value


def _bodies(route: APIRoute) -> Iterator[Any]:
    model: Any = route.body_field and route.body_field.field_info.annotation
    extra = getattr(model, "model_config", {}).get("json_schema_extra", {})
    if isinstance(extra, dict) and "example" in extra:
        yield model


def _examples(route: APIRoute) -> Iterator[tuple[str, Any]]:
    for status, response in route.responses.items():
        shown = response.get("content", {}).get("application/json", {})
        if "example" in shown:
            yield str(status), shown["example"]
