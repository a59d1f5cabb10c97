"""The files that the page is made of; they end up inside it."""

from functools import cache
from importlib.resources import files

_HERE = files("petrec.features.review.page")
# In the order in which they use each other.
SCRIPTS = (
    *("dom", "words", "cases", "store", "session", "filter"),
    *("list", "evidence", "choices", "detail", "progress", "notices", "transfer", "keys", "main"),
)


@cache
def page_template() -> str:
    """Return the markup, with places for everything else."""
    return _read("template.html")


@cache
def page_style() -> str:
    """Return the style sheet."""
    return _read("page.css")


@cache
def page_script() -> str:
    """Return all scripts as one, in a scope of its own."""
    parts = (_read(f"script/{name}.js") for name in SCRIPTS)
    return '(() => {\n"use strict";\n' + "\n".join(parts) + "})();\n"


def _read(name: str) -> str:
    return _HERE.joinpath(name).read_text(encoding="utf-8")
