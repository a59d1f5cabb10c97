"""Put the parts of the page and the cases into one file, case by case."""

import base64
import hashlib
from collections.abc import Iterable, Iterator
from importlib.resources import files
from typing import TextIO

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined

from petrec.results.review import Case
from petrec.rules import FINDINGS

# In this order: each part only uses what stands before it, `start` runs the page.
SCRIPTS = ("cases", "decisions", "dom", "list", "detail", "exchange", "keys", "start")

# Inside a script element these could end it, or open a comment that swallows its end.
_INERT = str.maketrans(
    {"<": "\\u003c", ">": "\\u003e", "&": "\\u0026", "\u2028": "\\u2028", "\u2029": "\\u2029"}
)


def write_page(cases: Iterable[Case], out: TextIO, *, title: str, exported_at: str) -> int:
    """Write the page; returns the number of cases. One case is in memory at a time."""
    style, script = _part("page.css"), "\n".join(_part(f"{name}.js") for name in SCRIPTS)
    lines = _Lines(cases)
    environment = Environment(
        loader=PackageLoader("petrec.review.page", "parts"),
        autoescape=True,
        undefined=StrictUndefined,
    )
    page = environment.get_template("page.html").generate(
        title=title,
        exported_at=exported_at,
        kinds=_inert({kind.id: kind.sentence for kind in FINDINGS}),
        style=style,
        script=script,
        style_hash=_hash(style),
        script_hash=_hash(script),
        cases=lines,
    )
    out.writelines(page)
    return lines.count


class _Lines:
    """The cases as lines of JSON, counted as they go."""

    def __init__(self, cases: Iterable[Case]) -> None:
        self.cases = cases
        self.count = 0

    def __iter__(self) -> Iterator[str]:
        for case in self.cases:
            self.count += 1
            yield _inert(case)


def _inert(value: object) -> str:
    return msgspec.json.encode(value).decode().translate(_INERT)


def _part(name: str) -> str:
    return files("petrec.review.page").joinpath("parts", name).read_text(encoding="utf-8")


def _hash(text: str) -> str:
    """Return the source that a content security policy allows this inline text by."""
    digest = hashlib.sha256(text.encode()).digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"
