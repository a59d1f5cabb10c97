"""docs/reference/settings.md: every setting, as the types of the settings know it."""

import json
from collections.abc import Iterator
from typing import Any

import msgspec

from petrec.settings import Settings

_HEAD = """# Settings

Every setting of `petrec.toml`, or of `[tool.petrec]` in `pyproject.toml`. `make docs-text` writes
this page from the program. [Configuration](../configuration.md) explains where petrec looks for
the file, and the mapping. A name that is not listed here is an error.
"""
_ENVIRONMENT = """
## Environment variables

| variable | what it does |
|---|---|
| `PETREC_DATABASE_URL` | connection string, unless an option names one |
| `DATABASE_URL` | connection string, if `PETREC_DATABASE_URL` is not set |
| `PGHOST`, `PGPORT`, `PGUSER`, `PGDATABASE`, `PGSERVICE`, `PGPASSFILE` and others of libpq | what the connection string leaves open |
| `PETREC_NOTIFY_URL` | as `notify_url` of `[report]`; comes before it |
| `PETREC_JWT_KEY` | key of the tokens of `petrec serve`, if there is no `jwks_url` or `jwks_file` |
| `AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, `AWS_SESSION_TOKEN` | keys of the object store of `petrec serve` |
| `PETREC_WEBHOOK_SECRET` | secret of the webhooks of `petrec serve`, unless they name another variable |
| `NO_COLOR`, `COLUMNS` | output without colours; width of tables |
"""  # noqa: E501 - a row of a table is one line
_TAIL = """
Next: [the commands](commands.md).
"""
_TYPES = {
    "string": "text",
    "integer": "number",
    "boolean": "true or false",
    "array": "list of texts",
}


def settings_page() -> str:
    """Return the page."""
    definitions = msgspec.json.schema(Settings)["$defs"]
    sections = list(_sections(definitions, "Settings", ()))
    parts = [_HEAD, *(_section(*section) for section in sections), _ENVIRONMENT]
    whole = "\n\n".join(_toml(path, rows) for path, _, rows in sections)
    parts.append(f"\n## The whole file\n\nWith the defaults.\n\n```toml\n{whole}\n```\n")
    return "".join([*parts, _TAIL])


def _sections(
    definitions: dict[str, Any], name: str, path: tuple[str, ...]
) -> Iterator[tuple[tuple[str, ...], str, dict[str, Any]]]:
    """Yield the path of each section, what it is about, and its settings by name."""
    properties = definitions[name]["properties"]
    own = {key: value for key, value in properties.items() if "$ref" not in value}
    if own:
        yield path, definitions[name]["description"], own
    for key, value in properties.items():
        if "$ref" in value:
            yield from _sections(definitions, value["$ref"].rpartition("/")[2], (*path, key))


def _section(path: tuple[str, ...], about: str, rows: dict[str, Any]) -> str:
    lines = "".join(
        f"| `{key}` | {_type(row)} | `{_value(row)}` | {row['description']} |\n"
        for key, row in rows.items()
    )
    head = f"\n## [{'.'.join(path)}]\n\n{about}\n\n"
    return f"{head}| setting | value | default | what it does |\n|---|---|---|---|\n{lines}"


def _type(row: dict[str, Any]) -> str:
    """Return what a setting takes, in words."""
    if "enum" in row:
        return ", ".join(f"`{choice}`" for choice in row["enum"])
    if "anyOf" in row:
        return next(_type(choice) for choice in row["anyOf"] if choice != {"type": "null"})
    return _TYPES.get(row["type"], "table")


def _value(row: dict[str, Any]) -> str:
    """Return the default as TOML; `none` for what has none."""
    return "none" if row["default"] is None else json.dumps(row["default"])


def _toml(path: tuple[str, ...], rows: dict[str, Any]) -> str:
    lines = [
        f"# {key} =" if row["default"] is None else f"{key} = {_value(row)}"
        for key, row in rows.items()
    ]
    return "\n".join([f"[{'.'.join(path)}]", *lines])
