"""The audit beside what a user might pick instead, on one server and the same clinic.

A peer's time counts only if its answers are petrec's. PETREC_BENCH_RECORDINGS are sizes, with
commas between them. Ends with 1 where a bound is missed.
"""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, LiteralString

from benchmarks.bounds import FOUR, IGNORING, PETREC, SCANNED, SEVEN, TRUSTING, compared
from benchmarks.clinics import Damage, clinics
from benchmarks.peers import environments, plain
from benchmarks.record import record_sizes
from benchmarks.report import write_report

SIZES = os.environ.get("PETREC_BENCH_RECORDINGS", "1000000,2000000")
ROUNDS = 3
# A way that takes so many times as long as petrec is asked once.
SLOW = 2
# Of more recordings only those are asked whom a bound compares petrec with: all would take hours.
LARGE = 2_000_000
IGNORED = '[mapping]\nignore = ["pets.owner_id"]\n'
Answers = dict[str, int]
Way = Callable[[str], tuple[Answers, float]]


def run() -> None:
    """Measure every size and damage, write the results, and hold the bounds."""
    peers, missing = environments.ready()
    for name in missing:
        print(f"{name} could not be installed")
    others: dict[str, Way] = {SEVEN: _seven, FOUR: _four} | peers
    rows = []
    for size in (int(text) for text in SIZES.split(",")):
        with clinics(size) as clinic:
            for damage in Damage:
                asked = {
                    name: way
                    for name, way in others.items()
                    if size <= LARGE or compared(name, damage)
                }
                if asked:
                    rows += _rows(size, damage, _measured(_own(damage) | asked, clinic(damage)))
        record_sizes("audit", {"rounds": ROUNDS, "missing": missing, "results": rows})
    write_report()


def _own(damage: Damage) -> dict[str, Way]:
    """Return the ways of petrec; keys are trusted where there are some."""
    ways: dict[str, Way] = {PETREC: _petrec, SCANNED: partial(_petrec, "--engine", "duckdb")}
    if damage is Damage.KEPT:
        ways[TRUSTING] = partial(_petrec, "--trust-constraints")
        ways[IGNORING] = partial(_petrec, "--trust-constraints", settings=IGNORED)
    return ways


def _measured(ways: dict[str, Way], dsn: str) -> dict[str, list[float]]:
    """Return the seconds of each way, all in turns; those of wrong answers end the benchmark."""
    taken: dict[str, list[float]] = {name: [] for name in ways}
    expected, _ = _petrec(dsn)
    for _ in range(ROUNDS):
        for name, way in ways.items():
            if taken[name] and taken[name][0] > SLOW * taken[PETREC][0]:
                continue
            answers, seconds = way(dsn)
            wrong = {key for key in answers.keys() & expected if answers[key] != expected[key]}
            if wrong or not answers:
                raise SystemExit(f"{name} answers otherwise: {answers}, {expected}")
            taken[name].append(seconds)
    return taken


def _rows(size: int, damage: Damage, taken: dict[str, list[float]]) -> list[dict[str, Any]]:
    ours, rows = statistics.median(taken[PETREC]), []
    for name, seconds in taken.items():
        rounded = [round(each, 3) for each in seconds]
        rows.append({"recordings": size, "damage": damage.value, "way": name, "seconds": rounded})
        median = statistics.median(seconds)
        print(
            f"{size:>10,} {damage.value:16} {name:34} {median:6.2f} s, petrec {ours / median:.2f}"
        )
    return rows


def _petrec(*options: str, settings: str = "") -> tuple[Answers, float]:
    """Return the answers of the whole command, and its time from start to end; the DSN is last."""
    *more, dsn = options
    command = [sys.executable, "-m", "petrec", "audit", "--dsn", dsn, "--format", "json", *more]
    with tempfile.TemporaryDirectory() as directory:
        file = Path(directory) / "petrec.toml"
        file.write_text(settings)
        command += ["--fail-level", "never", "--config", str(file)]
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


def _seven(dsn: str) -> tuple[Answers, float]:
    return _timed(dsn, plain.SEVEN)


def _four(dsn: str) -> tuple[Answers, float]:
    return _timed(dsn, plain.FOUR)


def _timed(dsn: str, questions: tuple[LiteralString, ...]) -> tuple[Answers, float]:
    started = time.monotonic()
    return dict(plain.ask(dsn, questions)), time.monotonic() - started
