"""The section of docs/scale.md on engines side by side, from benchmarks/results/lake.json."""

import statistics
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.record import described

PAGE = Path(__file__).parent.parent / "docs" / "scale.md"
BEGIN = "<!-- engines, made by python -m benchmarks report -->"
END = "<!-- end of engines -->"


def write_page(measured: Mapping[str, Any], page: Path = PAGE) -> None:
    """Write the section in place of the one that was there."""
    before, _, rest = page.read_text().partition(BEGIN)
    _, _, after = rest.partition(END)
    page.write_text(before + "\n".join([BEGIN, "", *_section(measured), "", END]) + after)


def _section(measured: Mapping[str, Any]) -> Iterator[str]:
    results = measured["results"]
    sizes = sorted({row["recordings"] for row in results})
    yield described(measured["machine"])
    yield "Servers, clusters and commands shared the processors."
    yield f"Medians of {measured['rounds']} rounds in seconds, each a whole command."
    yield ""
    yield f"| recordings | {' | '.join(f'{size:,}' for size in sizes)} |"
    yield "|---" * (len(sizes) + 1) + "|"
    for way in dict.fromkeys(row["way"] for row in results):
        yield f"| {way} | {' | '.join(_median(results, way, size) for size in sizes)} |"


def _median(results: Sequence[Mapping[str, Any]], way: str, size: int) -> str:
    for row in results:
        if (row["way"], row["recordings"]) == (way, size):
            return f"{statistics.median(row['seconds']):.1f}"
    return ""
