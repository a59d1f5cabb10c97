"""What the benchmark of the API has measured, and its bounds."""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

SLOWEST, LONGEST = 0.8, 1.5


@dataclass(frozen=True)
class Side:
    """One application under one load: per second, in ms; the processor's time in µs a request."""

    rate: float
    p99_ms: float
    process_us: float
    sessions_us: float


@dataclass(frozen=True)
class Compared:
    """The router beside the bare endpoint; `rate` is the median of the rounds' ratios."""

    endpoint: str
    connections: int
    rate: float
    lowest: float
    highest: float
    ours: Side
    bare: Side
    asking: float

    @property
    def p99(self) -> float:
        """The ratio of the time that one answer in a hundred exceeds."""
        return self.ours.p99_ms / self.bare.p99_ms

    @property
    def holds(self) -> bool:
        """Return whether the router keeps both bounds."""
        return self.rate >= SLOWEST and self.p99 <= LONGEST

    def line(self) -> str:
        """Return it for a person who waits for the next one."""
        ours, bare = self.ours, self.bare
        return (
            f"{self.endpoint}, {self.connections} connections: {ours.rate:,.0f}/s,"
            f" bare {bare.rate:,.0f}/s: {self.rate:.2f}x ({self.lowest:.2f} to {self.highest:.2f});"
            f" p99 {ours.p99_ms:.1f} ms, bare {bare.p99_ms:.1f} ms: {self.p99:.2f}x;"
            f" processor {ours.process_us:,.0f} + {ours.sessions_us:,.0f} µs,"
            f" bare {bare.process_us:,.0f} + {bare.sessions_us:,.0f} µs;"
            f" asking took {self.asking:.0%} of a core at most"
        )


def as_document(found: list[Compared]) -> Mapping[str, Any]:
    """Return what is kept."""
    return {"results": [asdict(one) for one in found]}


def from_document(measured: Mapping[str, Any]) -> list[Compared]:
    """Return what was kept."""
    return [
        Compared(**{**one, "ours": Side(**one["ours"]), "bare": Side(**one["bare"])})
        for one in measured["results"]
    ]


def table(found: list[Compared]) -> Iterator[str]:
    """Yield the lines of the documentation."""
    yield "| endpoint | connections | requests per second | p99 | processor per request | |"
    yield "|---|---|---|---|---|---|"
    for one in found:
        ours, bare = one.ours, one.bare
        yield (
            f"| {one.endpoint} | {one.connections} | {ours.rate:,.0f} to {bare.rate:,.0f}: "
            f"{one.rate:.2f} | {ours.p99_ms:.1f} to {bare.p99_ms:.1f} ms: {one.p99:.2f} | "
            f"{_spent(ours)} to {_spent(bare)} | {'met' if one.holds else 'missed'} |"
        )


def _spent(side: Side) -> str:
    return f"{side.process_us / 1000:.2f} + {side.sessions_us / 1000:.2f} ms"
