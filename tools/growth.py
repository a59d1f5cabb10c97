"""Write the measured growth, and what it means for larger tables, into docs/scale.md.

`python -m benchmarks growth` writes the figures to `benchmarks/results/growth.json`.
"""

import json
import math
import re
import statistics
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from petrec.documents.amounts import duration

ROOT = Path(__file__).parent.parent
PAGE = ROOT / "docs" / "scale.md"
RESULTS = ROOT / "benchmarks" / "results" / "growth.json"
LARGE = (1_000_000_000, 10_000_000_000)
# Of all recordings, the part with certain evidence that the worked plan assumes.
CERTAIN = 0.01
_PLACE = re.compile(
    r"(?<=<!-- growth: python -m tools\.growth -->\n).*(?=<!-- end of growth -->)", re.DOTALL
)
_UNITS = ("bytes", "kB", "MB", "GB", "TB")


@dataclass(frozen=True)
class Rates:
    """What a recording costs: seconds of an audit; rows a second, log and journal of a backfill."""

    seconds: float
    rows_a_second: float
    log_bytes: float
    journal_bytes: float
    table_bytes: float

    @classmethod
    def of(cls, results: list[dict[str, Any]]) -> "Rates":
        """Return the rates between the smallest and the largest size.

        What every command costs, whatever the size, is in both and so in neither rate.
        """
        first, last = results[0], results[-1]

        def slope(what: str, by: str) -> float:
            more = float(_median(last[what]) - _median(first[what]))
            if more <= 0:
                raise SystemExit(f"{what} does not grow with the size: was the machine busy?")
            return more / float(last[by] - first[by])

        return cls(
            slope("audit_s", "recordings"),
            1 / slope("backfill_s", "changed"),
            slope("wal_bytes", "changed"),
            slope("journal_bytes", "changed"),
            slope("table_bytes", "recordings"),
        )


def powers(results: list[dict[str, Any]]) -> dict[str, float]:
    """Return, by command, to which power of the size its time grows, fitted to all sizes."""
    sizes = [math.log(row["recordings"]) for row in results]

    def fitted(what: str) -> float:
        times = [math.log(_median(row[what])) for row in results]
        return statistics.linear_regression(sizes, times).slope

    return {"audit": fitted("audit_s"), "backfill": fitted("backfill_s")}


def growth_text(measured: dict[str, Any]) -> str:
    """Return the tables for the page."""
    results, rates = measured["results"], Rates.of(measured["results"])
    power = powers(results)
    lines = [
        _sentence(
            f"On {measured['machine']['processors']} processors, with {measured['damage']} of the",
            f"rows damaged, the median of {measured['audits']} audits and one backfill:",
        ),
        "| recordings | tables | audit | rows repaired | backfill | log | journal |",
        "|---|---|---|---|---|---|---|",
        *(_measured_row(row) for row in results),
        "",
        _sentence(
            "Fitted to all lines, the time of an audit grows with the size to the power of",
            f"{power['audit']:.2f}, that of a backfill to the power of {power['backfill']:.2f}.",
        ),
        _sentence(
            f"Between the first and the last line, s is {1e6 * rates.seconds:.2f} µs, r",
            f"{rates.rows_a_second:,.0f} rows/s, w {rates.log_bytes:,.0f} bytes and j",
            f"{rates.journal_bytes:,.0f} bytes. With D = {CERTAIN:.0%} of N, that is:",
        ),
        "| N | D | tables | audit | backfill | log | journal |",
        "|---|---|---|---|---|---|---|",
        *(_planned_row(number, rates) for number in LARGE),
        "",
        f"Meanwhile the primary writes {_size(rates.rows_a_second * rates.log_bytes)} of log a",
        "second, r times w, which a standby must receive and replay.",
    ]
    return "\n".join(lines) + "\n"


def _sentence(*lines: str) -> str:
    return "\n".join((*lines, ""))


def _measured_row(row: dict[str, Any]) -> str:
    cells = (
        f"{row['recordings']:,}",
        _size(row["table_bytes"]),
        duration(_median(row["audit_s"])),
        f"{row['changed']:,}",
        duration(row["backfill_s"]),
        _size(row["wal_bytes"]),
        _size(row["journal_bytes"]),
    )
    return f"| {' | '.join(cells)} |"


def _planned_row(number: int, rates: Rates) -> str:
    certain = round(number * CERTAIN)
    cells = (
        f"{number:,}",
        f"{certain:,}",
        _size(number * rates.table_bytes),
        duration(number * rates.seconds),
        duration(certain / rates.rows_a_second),
        _size(certain * rates.log_bytes),
        _size(certain * rates.journal_bytes),
    )
    return f"| {' | '.join(cells)} |"


def _median(value: float | list[float]) -> float:
    return statistics.median(value) if isinstance(value, list) else value


def _size(number: float) -> str:
    place = 0
    while number >= 1000 and place < len(_UNITS) - 1:
        number, place = number / 1000, place + 1
    return f"{number:.{1 if number < 10 else 0}f} {_UNITS[place]}"


def page_with(text: str, page: str) -> str:
    """Return the page with the tables in their place."""
    return _PLACE.sub(lambda _: text, page)


def main() -> None:
    """Write the page; it needs two sizes at least."""
    if sys.argv[1:]:
        raise SystemExit("python -m tools.growth takes no arguments; it writes docs/scale.md")
    measured = json.loads(RESULTS.read_text(encoding="utf-8"))
    if len(measured["results"]) < 2:
        raise SystemExit("two sizes are needed: python -m benchmarks growth")
    page = PAGE.read_text(encoding="utf-8")
    PAGE.write_text(page_with(growth_text(measured), page), encoding="utf-8")
    sys.stdout.write(f"{PAGE.name}: growth of {len(measured['results'])} sizes\n")


if __name__ == "__main__":
    main()
