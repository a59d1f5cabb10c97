"""Write the page, one case a line."""

import html
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from string import Template
from typing import Any, TextIO

from petrec.features.review.audio import Audio
from petrec.features.review.case import Case
from petrec.features.review.observed import SeenPet
from petrec.features.review.page.assets import (
    csp_hash,
    encode_json,
    page_script,
    page_style,
    page_template,
)
from petrec.rules import FINDINGS, Repair
from petrec.version import __version__

TITLE = "Recordings to review"
_CASES, _PETS = "$cases", "$pets"


@dataclass(frozen=True)
class PageFacts:
    """The time zone of what is shown, the template of a link to a recording, and the sound.

    `served` is what the script needs to save decisions at a server; None for a file.
    """

    timezone: str = "UTC"
    link: str = ""
    audio: Audio | None = None
    served: Mapping[str, Any] | None = None


def write_page(
    cases: Iterable[Case],
    out: TextIO,
    *,
    title: str,
    exported_at: str,
    facts: PageFacts = PageFacts(),
    pets: Iterable[SeenPet] = (),
) -> int:
    """Write the self-contained page; returns the number of cases.

    `pets` can be searched where a case allows any pet; they are read after the last case.
    """
    before, rest = page_template().split(_CASES)
    between, after = rest.split(_PETS)
    values = _values(title, exported_at, facts)
    out.write(Template(before).substitute(values))
    count = 0
    for count, case in enumerate(cases, start=1):  # noqa: B007 - the last number is the count
        out.write(encode_json(case) + "\n")
    out.write(between)
    lines = (encode_json((pet.id, pet.name, pet.details, pet.owner_name)) for pet in pets)
    out.writelines(f"{line}\n" for line in lines)
    out.write(Template(after).substitute(values))
    return count


def moment_of_export() -> str:
    """Return the time of now as a page shows it."""
    return f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC"


def _values(title: str, exported_at: str, shown: PageFacts) -> dict[str, str]:
    style, script = page_style(), page_script()
    reviewed = [kind for kind in FINDINGS if kind.repair is Repair.REVIEW]
    facts = {
        "title": title, "exported_at": exported_at,
        "names": {kind.id: kind.name for kind in reviewed},
        "kinds": {kind.id: kind.sentence for kind in reviewed},
        "timezone": shown.timezone, "link": shown.link,
        "audio_until": shown.audio.until_iso if shown.audio else "", "served": shown.served,
    }  # fmt: skip
    return {
        "policy": _attribute(_policy(style, script, shown)),
        "version": html.escape(__version__),
        "title": html.escape(title),
        "exported_at": html.escape(exported_at),
        "timezone": html.escape(shown.timezone),
        "facts": encode_json(facts),
        "style": style,
        "script": script,
    }


def _attribute(text: str) -> str:
    """Return a text for an attribute in double quotes; a single quote stays readable."""
    return html.escape(text, quote=False).replace('"', "&quot;")


def _policy(style: str, script: str, shown: PageFacts) -> str:
    """Allow this style and script, and from elsewhere only sound and the page's own server."""
    sources = (
        "default-src 'none'",
        f"script-src {csp_hash(script)}",
        f"style-src {csp_hash(style)}",
        *([f"media-src {shown.audio.source}"] if shown.audio else ()),
        *(["connect-src 'self'"] if shown.served is not None else ()),
        "base-uri 'none'",
        "form-action 'none'",
    )
    return "; ".join(sources)
