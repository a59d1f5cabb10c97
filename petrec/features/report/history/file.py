"""The history in one file, which every run replaces as a whole, so that a crash cannot damage it.

Text, one item a line: a header, the findings ever seen in the order of their fingerprints
(`+` present, `-` gone), one JSON object per run, and `end` with the number of findings.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from operator import attrgetter
from pathlib import Path
from typing import TextIO

import msgspec

from petrec.errors import UsageError
from petrec.features.audit.result import AuditResult
from petrec.features.report.history.compared import (
    Comparison,
    distinct_findings,
    movements,
    present_run,
)
from petrec.features.report.result import PastRun
from petrec.file_lock import locked
from petrec.files import atomic_text, open_text
from petrec.fingerprints import DIGITS, Fingerprint, Tally, paired
from petrec.phrases import Phrase, Phrased
from petrec.schema import Schema
from petrec.source import Source


class Header(msgspec.Struct, frozen=True):
    """The owner of a history: database, table and column."""

    database: str
    table: str
    petrec_history: int = 1


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding that some run has found; `present` as of the last one."""

    fingerprint: str
    kind: str
    present: bool = True


@contextmanager
def compared_in_file(
    path: Path, source: Source, schema: Schema, audit: AuditResult
) -> Iterator[Comparison]:
    """Compare with the file, and replace it if the block succeeds.

    Errors: UsageError if the file is not this table's history, OutputError.
    """
    header = Header(audit.database, audit.table)
    hint = "wait for it, or use a separate history for each job"
    with (
        locked(path, "report", hint),
        HistoryReader(path, header) as reader,
        atomic_text(path) as out,
    ):
        tally = Tally()
        with distinct_findings(source, schema) as found:
            number = _write(out, header, merged(reader.findings(), found, tally))
        past = reader.runs
        run = present_run(audit, movements(tally), first=not past)
        runs = (*past, run)
        out.writelines(msgspec.json.encode(each).decode() + "\n" for each in runs)
        out.write(f"end {number}\n")
        out.flush()
        yield Comparison(runs, str(path))


def _write(out: TextIO, header: Header, findings: Iterator[Seen]) -> int:
    out.write(msgspec.json.encode(header).decode() + "\n")
    number = 0
    for number, seen in enumerate(findings, start=1):  # noqa: B007 - the count outlives the loop
        out.write(f"{seen.fingerprint}{'+' if seen.present else '-'}{seen.kind}\n")
    return number


def merged(before: Iterable[Seen], now: Iterable[Fingerprint], tally: Tally) -> Iterator[Seen]:
    """Yield what is known after this run, in order; `tally` counts what moved."""
    pairs = paired(before, now, attrgetter("fingerprint"), attrgetter("digest"))
    return (_after(known, new, tally) for known, new in pairs)


def _after(known: Seen | None, new: Fingerprint | None, tally: Tally) -> Seen:
    if known is None:
        assert new is not None  # noqa: S101 - a pair has one at least
        tally.new[new.kind] += 1
        return Seen(new.digest, new.kind)
    if known.present == (new is not None):
        return known
    counter = tally.reappeared if new is not None else tally.fixed
    counter[known.kind] += 1
    return Seen(known.fingerprint, known.kind, new is not None)


class HistoryReader:
    """Reads a history once, from its start to its end; `runs` is known once findings are read."""

    def __init__(self, path: Path, header: Header) -> None:
        self.path = path
        self.header = header
        self.runs: tuple[PastRun, ...] = ()
        self._file: TextIO | None = None

    def __enter__(self) -> "HistoryReader":
        try:
            self._file = open_text(self.path)
        except FileNotFoundError:
            return self
        except OSError as error:
            raise self._unusable(f"cannot be read: {error.strerror}") from error
        try:
            self._check_header(self._file.readline())
        except BaseException:
            self._file.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        if self._file is not None:
            self._file.close()

    def findings(self) -> Iterator[Seen]:
        """Yield the findings, then read the runs behind them."""
        if self._file is None:
            return
        number, runs, line = 0, [], ""
        for line in filter(str.strip, self._file):
            if line.startswith("{"):
                runs.append(self._run(line))
            elif not line.startswith("end"):
                yield self._seen(line)
                number += 1
        if line.rstrip("\n") != f"end {number}" or not runs:
            raise self._unusable("ends too early")
        self.runs = tuple(runs)

    def _check_header(self, line: str) -> None:
        try:
            header = msgspec.json.decode(line, type=Header)
        except (msgspec.DecodeError, RecursionError) as error:
            raise self._unusable("is not a history of petrec report") from error
        if header != self.header:
            raise self._unusable(f"is the history of {header.table} in {header.database}")

    def _run(self, line: str) -> PastRun:
        try:
            return msgspec.json.decode(line, type=PastRun)
        except (msgspec.DecodeError, RecursionError) as error:
            raise self._unusable("has a run that cannot be read") from error

    def _seen(self, line: str) -> Seen:
        fingerprint, sign, kind = line[:DIGITS], line[DIGITS : DIGITS + 1], line[DIGITS + 1 :]
        if sign not in {"+", "-"} or not kind.endswith("\n"):
            raise self._unusable("has a line that is not a finding")
        return Seen(fingerprint, kind[:-1], sign == "+")

    def _unusable(self, why: str) -> UsageError:
        hint = Phrased(Phrase.NAME_HISTORY)
        return UsageError(f"the history {self.path} {why}", hint=hint)
