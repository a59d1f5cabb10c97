"""The files of the page, and values that are safe inside a script."""

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import Any

import msgspec

_HERE = files("petrec.features.review.page")
# In the order in which they use each other.
SCRIPTS = (
    *(
        "dom",
        "words",
        "cases",
        "store",
        "session",
        "served",
        "serving",
        "people",
        "filter",
        "pets",
        "list",
    ),
    *("sound", "evidence", "choices", "other", "detail", "progress", "notices", "transfer"),
    *("keys", "main"),
)


@cache
def page_template() -> str:
    """Return the markup, with placeholders for everything else."""
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


# Each of them can only be part of a string in JSON, where an escape means the same.
_INERT = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029\u007f"})


def encode_json(value: Any) -> str:
    """Return one line of JSON that HTML and JavaScript cannot read as markup."""
    return msgspec.json.encode(value).decode().translate(_INERT)


def csp_hash(content: str) -> str:
    """Return the source expression that allows exactly this inline script or style."""
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"
