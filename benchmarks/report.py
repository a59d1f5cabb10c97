"""Texts and chart of the documentation, from the results of the benchmarks.

`python -m benchmarks report` writes them again, and ends with 1 where a bound is missed.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks import api_bounds
from benchmarks.bounds import PETREC, held, medians
from benchmarks.chart import Bar, bars
from benchmarks.lake_page import write_page
from benchmarks.record import RESULTS, described

_DOCS = Path(__file__).parent.parent / "docs"
PAGE, CHART = _DOCS / "performance.md", _DOCS / "assets" / "audit.svg"
BEGIN, END = "<!-- made by python -m benchmarks report -->", "<!-- end -->"
API_BEGIN = "<!-- the API, made by python -m benchmarks report -->"
Results = Sequence[Mapping[str, Any]]


def run() -> None:
    """Write pages and chart; 1 where a bound is missed."""
    if (engines := RESULTS / "lake.json").exists():
        write_page(json.loads(engines.read_text()))
    try:
        if (RESULTS / "api.json").exists():
            write_api()
    finally:
        write_report()


def write_report() -> None:
    """Write page and chart; errors: SystemExit where a bound is missed."""
    measured = json.loads((RESULTS / "audit.json").read_text())
    _replace(BEGIN, _text(measured))
    CHART.write_text(_chart(measured["results"]))
    if missed := [each for each in held(measured["results"]) if not each.met]:
        raise SystemExit(f"{len(missed)} bounds are missed")


def write_api() -> None:
    """Write the page's section on the API; errors: SystemExit where a bound is missed."""
    measured = json.loads((RESULTS / "api.json").read_text())
    found = api_bounds.from_document(measured)
    _replace(API_BEGIN, [described(measured["machine"]), "", *api_bounds.table(found), ""])
    if missed := [one for one in found if not one.holds]:
        raise SystemExit(
            f"{len(missed)} of {len(found)} comparisons: less than {api_bounds.SLOWEST}x of the"
            f" bare endpoint's requests, or a p99 of more than {api_bounds.LONGEST}x"
        )


def _replace(begin: str, lines: Iterable[str]) -> None:
    before, _, rest = PAGE.read_text().partition(begin)
    _, _, after = rest.partition(END)
    PAGE.write_text(before + "\n".join([begin, "", *lines, END]) + after)


def _text(measured: Mapping[str, Any]) -> Iterator[str]:
    results = measured["results"]
    yield described(measured["machine"])
    yield f"Medians of {measured['rounds']} rounds in seconds, and in brackets the spread."
    yield "A way that takes more than twice as long as petrec is asked once."
    yield "Of more than two million recordings only those are asked that a bound names."
    yield ""
    yield f"![Seconds of an audit and of what else answers its questions](assets/{CHART.name})"
    yield ""
    for recordings in sorted({row["recordings"] for row in results}):
        yield from _table(results, recordings)
    if missing := measured.get("missing"):
        yield f"Could not be installed where this was measured: {', '.join(missing)}."
        yield ""
    yield "| bound | recordings | measured | at most | |"
    yield "|---|---|---|---|---|"
    for each in held(results):
        bound = each.bound
        yield (
            f"| {bound.damage.value}: {bound.way} to {bound.other} | {each.recordings:,} | "
            f"{each.ratio:.2f} | {bound.most} | {'met' if each.met else 'missed'} |"
        )
    yield ""


def _table(results: Results, recordings: int) -> Iterator[str]:
    mine = [row for row in results if row["recordings"] == recordings]
    damages = list(dict.fromkeys(row["damage"] for row in mine))
    yield f"| {recordings:,} recordings, damaged: | {' | '.join(damages)} |"
    yield "|---" * (len(damages) + 1) + "|"
    for way in dict.fromkeys(row["way"] for row in mine):
        cells = (_cell(mine, damage, way) for damage in damages)
        yield f"| {way} | {' | '.join(cells)} |"
    yield ""


def _cell(rows: Results, damage: str, way: str) -> str:
    for row in rows:
        if (row["damage"], row["way"]) == (damage, way):
            seconds = sorted(row["seconds"])
            median = seconds[len(seconds) // 2]
            spread = f" ({seconds[0]:.1f} to {seconds[-1]:.1f})" if len(seconds) > 1 else ""
            return f"{median:.1f}{spread}"
    return ""


def _chart(results: Results) -> str:
    """Draw the size at which most was asked, the larger of two; a group of bars for each damage."""
    asked = Counter(row["recordings"] for row in results)
    size = max(asked, key=lambda size: (asked[size], size))
    damages = dict.fromkeys(row["damage"] for row in results if row["recordings"] == size)
    groups = {
        f"{size:,} recordings, damaged: {damage}": [
            Bar(way, seconds, own=way.startswith(PETREC))
            for way, seconds in sorted(
                medians(results, size, damage).items(), key=lambda pair: pair[1]
            )
        ]
        for damage in damages
    }
    return bars("Seconds, less is better", groups)
