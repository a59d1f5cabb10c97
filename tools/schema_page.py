"""docs/reference/tables.md: petrec's own tables and columns, as their comments say."""

import runpy
from pathlib import Path

_VERSIONS = Path(__file__).parent.parent / "migrations" / "versions"
_HEAD = """# Tables of schema petrec

Every table and column. `make docs-text` writes this page from the comments that the migrations put
into the database: `\\d+ petrec.*` in psql shows the same.
"""
_TAIL = """
Next: [growth, backup and removal](../schema-petrec.md).
"""


def tables_page() -> str:
    """Return the page."""
    comments: dict[str, dict[str, str]] = {}
    for revision in sorted(_VERSIONS.rglob("*.py")):
        for table, own in runpy.run_path(str(revision)).get("COMMENTS", {}).items():
            comments.setdefault(table, {}).update(own)
    sections = [_section(table, comments[table]) for table in sorted(comments)]
    return "".join([_HEAD, *sections, _TAIL])


def _section(table: str, comments: dict[str, str]) -> str:
    rows = [f"| `{name}` | {comment} |\n" for name, comment in comments.items() if name]
    head = f"\n## petrec.{table}\n\n{comments['']}.\n\n"
    return "".join([head, "| column | what it holds |\n|---|---|\n", *rows])
