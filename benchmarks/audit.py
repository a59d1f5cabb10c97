"""The audit beside what a user might pick instead, on one server and the same clinic.

A peer's time counts only if its answers are petrec's. PETREC_BENCH_RECORDINGS are sizes, with
commas between them. Ends with 1 where a bound is missed.
"""

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any, LiteralString

from benchmarks.clinics import Damage, clinic
from benchmarks.peers import environments, plain
from benchmarks.record import record

SIZES = os.environ.get("PETREC_BENCH_RECORDINGS", "1000000,2000000")
ROUNDS = 3
PETREC, FOUR, SEVEN = "petrec audit", "four plain queries", "seven plain queries"
# Of whose time, on which damage, at most this part.
BOUNDS = {
    (Damage.MUCH, SEVEN): 0.6,
    (Damage.LITTLE, FOUR): 1.0,
    (Damage.NONE, FOUR): 0.2,
}
Way = Callable[[str], tuple[dict[str, int], float]]


def run() -> None:
    """Measure every size and damage, write the results, and hold the bounds."""
    ways: dict[str, Way] = {PETREC: _petrec, SEVEN: _seven, FOUR: _four} | environments.ready()
    rows = []
    for size in (int(text) for text in SIZES.split(",")):
        for damage in Damage:
            with clinic(size, damage) as dsn:
                rows += _compared(size, damage, _measured(ways, dsn, damage))
    record("audit", {"rounds": ROUNDS, "results": rows})
    if missed := sum(row["met"] is False for row in rows):
        raise SystemExit(f"{missed} bounds are missed")


def _measured(ways: dict[str, Way], dsn: str, damage: Damage) -> dict[str, list[float]]:
    taken: dict[str, list[float]] = {name: [] for name in ways}
    trusting = damage is Damage.NONE
    for _ in range(ROUNDS):
        expected, seconds = _petrec(dsn, trusting=trusting)
        taken[PETREC].append(seconds)
        for name in ways.keys() - {PETREC}:
            answers, seconds = ways[name](dsn)
            known = {question: expected[question] for question in answers if question in expected}
            if known != {question: answers[question] for question in known}:
                raise SystemExit(f"{name} answers otherwise: {answers}, {expected}")
            taken[name].append(seconds)
    return taken


def _compared(size: int, damage: Damage, taken: dict[str, list[float]]) -> list[dict[str, Any]]:
    ours, rows = statistics.median(taken[PETREC]), []
    for name, seconds in taken.items():
        median = statistics.median(seconds)
        bound = BOUNDS.get((damage, name))
        rows.append({
            "recordings": size,
            "damage": damage.value,
            "way": name,
            "seconds": [round(each, 3) for each in seconds],
            "petrec": round(ours / median, 2),
            "bound": bound,
            "met": None if bound is None else ours / median <= bound,
        })  # fmt: skip
        print(
            f"{size:>10,} {damage.value:16} {name:22} {median:6.2f} s, petrec {ours / median:.2f}"
        )
    return rows


def _petrec(dsn: str, *, trusting: bool = False) -> tuple[dict[str, int], float]:
    """Return the answers of the whole command, and its time from start to end."""
    trust = ["--trust-constraints"] if trusting else []
    trust += ["--fail-level", "never"]
    command = [sys.executable, "-m", "petrec", "audit", "--dsn", dsn, "--format", "json", *trust]
    started = time.monotonic()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    seconds = time.monotonic() - started
    said = json.loads(done.stdout)
    answers = {kind["id"]: kind["count"] for kind in said["kinds"]}
    answers |= {warning["id"]: warning["count"] for warning in said["warnings"]}
    guide = said["guide"]
    return answers | {
        "total": said["total"],
        "with_pet": guide["recordings_with_pet_id"],
        "invalid": guide["invalid_associations"],
    }, seconds


def _seven(dsn: str) -> tuple[dict[str, int], float]:
    return _timed(dsn, plain.SEVEN)


def _four(dsn: str) -> tuple[dict[str, int], float]:
    return _timed(dsn, plain.FOUR)


def _timed(dsn: str, questions: tuple[LiteralString, ...]) -> tuple[dict[str, int], float]:
    started = time.monotonic()
    return dict(plain.ask(dsn, questions)), time.monotonic() - started
