"""An OpenAPI document as one page of HTML, without scripts."""

import json
from collections.abc import Iterator
from html import escape
from typing import Any

_STYLE = """
:root { color-scheme: light dark; }
body { font: 1rem/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h3, pre, td { overflow-wrap: anywhere; }
a { color: inherit; }
pre { border: 1px solid; padding: .5rem; white-space: pre-wrap; }
table { border-collapse: collapse; width: 100%; }
caption { text-align: left; font-weight: bold; }
th, td { border-bottom: 1px solid; padding: .25rem .5rem .25rem 0; text-align: left;
  vertical-align: top; }
"""


def as_page(document: dict[str, Any]) -> str:
    """Return the page: a list of the operations, each operation, then the schemas."""
    return "".join(_page(document))


def _page(document: dict[str, Any]) -> Iterator[str]:
    title = escape(document["info"]["title"])
    operations = list(_operations(document))
    yield f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{title}</title>'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<style>{_STYLE}</style></head><body><header><h1>{title}</h1>"
    yield f"<p>{escape(document['info'].get('description', ''))}</p></header>"
    yield '<nav aria-label="Operations"><ul>'
    for name, heading, _ in operations:
        yield f'<li><a href="#{name}">{heading}</a></li>'
    yield "</ul></nav><main><h2>Operations</h2>"
    for name, heading, operation in operations:
        yield f'<section id="{name}"><h3>{heading}</h3>'
        yield from _operation(operation)
        yield "</section>"
    yield "<h2>Schemas</h2>"
    for name, schema in document.get("components", {}).get("schemas", {}).items():
        shown = escape(name)
        yield f'<section id="schema-{shown}"><h3>{shown}</h3>{_json(schema)}</section>'
    yield "</main></body></html>"


def _operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each operation with its anchor and its heading."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            name = escape(operation.get("operationId") or f"{method}-{path}")
            yield f"op-{name}", f"{method.upper()} {escape(path)}", operation


def _operation(operation: dict[str, Any]) -> Iterator[str]:
    for paragraph in operation.get("description", "").split("\n\n"):
        yield f"<p>{escape(paragraph)}</p>"
    if parameters := operation.get("parameters"):
        yield "<table><caption>Parameters</caption><thead><tr><th>Name</th><th>In</th>"
        yield "<th>Required</th><th>Schema</th></tr></thead><tbody>"
        for one in parameters:
            needed = "yes" if one.get("required") else "no"
            cells = (one["name"], one["in"], needed, json.dumps(one.get("schema", {})))
            yield f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in cells)}</tr>"
        yield "</tbody></table>"
    if body := operation.get("requestBody"):
        yield f"<h4>Body</h4>{''.join(_contents(body))}"
    for status, response in operation.get("responses", {}).items():
        yield f"<h4>{escape(status)}: {escape(response.get('description', ''))}</h4>"
        yield from _contents(response)


def _contents(holder: dict[str, Any]) -> Iterator[str]:
    for content in holder.get("content", {}).values():
        schema = content.get("schema", {})
        reference = schema.get("$ref") or schema.get("items", {}).get("$ref")
        if reference:
            name = escape(reference.rpartition("/")[2])
            many = "A list of " if "items" in schema else ""
            yield f'<p>{many}<a href="#schema-{name}">{name}</a></p>'
        if "example" in content:
            yield _json(content["example"])
        for example in content.get("examples", {}).values():
            yield _json(example.get("value"))


def _json(value: Any) -> str:
    return f"<pre>{escape(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"
