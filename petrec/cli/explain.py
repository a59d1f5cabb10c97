"""`petrec explain`: pages of the documentation, from the package itself."""

import re
from pathlib import Path
from typing import Annotated, TextIO

import typer

from petrec.cli import options
from petrec.cli.output import open_output
from petrec.errors import ExitCode, UsageError

# Only for readers of the site: pictures, and marks for the tools that update the pages.
_NOT_TEXT = re.compile(r"^(<!-- .* -->|!\[.*\]\(.*\))\n+", re.MULTILINE)
_TITLE = re.compile(r"^# (.+)$", re.MULTILINE)


def explain(
    topic: Annotated[
        str | None,
        typer.Argument(
            metavar="TOPIC",
            help="A page, also of a kind or a warning. Default: list the pages.",
            show_default=False,
        ),
    ] = None,
    output: options.Output = None,
) -> int:
    """Print a page of the documentation, or list the pages. Needs no database.

    Examples:
        petrec explain

        petrec explain permissions

        petrec explain missing_ambiguous

    """
    pages = {
        path.stem: path
        for folder in (".", "rules", "reference")
        for path in sorted((_directory() / folder).glob("*.md"))
    }
    with open_output(output) as out:
        if topic is None:
            width = max(map(len, pages))
            out.writelines(f"{name:{width}}  {_title(page)}\n" for name, page in pages.items())
        else:
            _write(_NOT_TEXT.sub("", _page(pages, topic).read_text(encoding="utf-8")), out)
    return ExitCode.CLEAN


def _page(pages: dict[str, Path], topic: str) -> Path:
    """Return the page of a topic."""
    if topic not in pages:
        raise UsageError(f"no page {topic!r}", hint=f"choose one of: {', '.join(pages)}")
    return pages[topic]


def _directory() -> Path:
    """Return the documentation's directory: in an installed package, else in the source tree."""
    package = Path(__file__).parent.parent
    installed = package / "docs"
    return installed if installed.is_dir() else package.parent / "docs"


def _title(page: Path) -> str:
    """Return what a page is about: its title, or its first sentence if that is only its name."""
    text = page.read_text(encoding="utf-8")
    found = _TITLE.search(text)
    title = found[1] if found else page.stem
    return text.split("\n\n")[1].removesuffix(".") if title == page.stem else title


def _write(text: str, out: TextIO) -> None:
    """Write a page as it is, or formatted on a terminal."""
    if not out.isatty():
        out.write(text)
        return
    from rich.console import Console
    from rich.markdown import Markdown

    Console(file=out).print(Markdown(text, hyperlinks=False))
