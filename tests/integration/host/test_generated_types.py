"""Clients in Kotlin and Swift: all operations and models, with the types that the document has."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.command import ROOT
from tests.plugins.generators import Command, run

DOCUMENT = ROOT / "docs" / "openapi.json"
# That it supports the document's version, and that `additionalProperties: false` has no name.
REMARKS = {"OpenAPI 3.1 support is still in beta", "Failed to get the schema name: null"}
KOTLIN = {
    ("string", None): "kotlin.String", ("string", "date-time"): "java.time.OffsetDateTime",
    ("string", "date"): "java.time.LocalDate", ("integer", "int64"): "kotlin.Long",
    ("number", "double"): "kotlin.Double", ("boolean", None): "kotlin.Boolean",
}  # fmt: skip
SWIFT = {
    ("string", None): "String", ("string", "date-time"): "Date", ("string", "date"): "Date",
    ("integer", "int64"): "Int64", ("number", "double"): "Double", ("boolean", None): "Bool",
}  # fmt: skip
LANGUAGES = {
    "kotlin": (KOTLIN, r"    val `?(\w+)`?: ([^?=\n]+?)(\?)?(?: = null)?,?$"),
    "swift6": (SWIFT, r"    public var `?(\w+)`?: ([^?\n]+?)(\?)?$"),
}


@pytest.mark.full
@pytest.mark.timeout(300)
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_generated_client_has_the_types_of_the_document(
    openapi_generator: Path, tmp_path: Path, language: str
) -> None:
    command: Command = [
        "java",
        "-jar",
        openapi_generator,
        "generate",
        "-g",
        language,
        "-i",
        DOCUMENT,
    ]
    out = run([*command, "-o", tmp_path], tmp_path)
    document = json.loads(DOCUMENT.read_text())
    remarks = re.findall(r"\] (?:WARN|ERROR) .+? - (.+)", out)
    assert all(any(map(each.startswith, REMARKS)) for each in remarks), remarks
    sources = {path.stem: path.read_text() for path in source_files(tmp_path)}
    code = "\n".join(sources.values())
    for operations in document["paths"].values():
        for operation in operations.values():
            assert re.search(rf"\bfunc? {camel(operation['operationId'])}\(", code), operation
    for name, schema in document["components"]["schemas"].items():
        check_fields(schema, sources[name], *LANGUAGES[language])


def source_files(folder: Path) -> Iterator[Path]:
    for pattern in ("src/main/**/*.kt", "Sources/**/*.swift"):
        yield from folder.glob(pattern)


def check_fields(
    schema: dict[str, Any], source: str, types: dict[tuple[str, str | None], str], field: str
) -> None:
    found = {name: (kind, mark) for name, kind, mark in re.findall(field, source, re.MULTILINE)}
    assert found.keys() == {camel(name) for name in schema["properties"]}
    for name, value in schema["properties"].items():
        choices = value.get("anyOf", [value])
        shown = next(each for each in choices if each["type"] != "null")
        optional = name not in schema.get("required", ()) or {"type": "null"} in choices
        kind, mark = found[camel(name)]
        assert (mark == "?") is optional, (schema["title"], name)
        if {"enum", "const"}.isdisjoint(shown) and shown["type"] not in ("array", "object"):
            expected = types[shown["type"], shown.get("format")]
            assert kind == expected, (schema["title"], name)


def camel(name: str) -> str:
    return re.sub(r"_(\w)", lambda found: found[1].upper(), name)
