"""Fingerprints of findings: what a baseline and a history compare, without personal data.

A fingerprint is a hash of a kind and a recording's id. Findings stream from the database in the
order of the file, so that two streams of any length are compared in constant memory.
"""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, NamedTuple, TypeVar

from sqlalchemy import Select, Text, cast, collate, func, select

from petrec.rules import FINDINGS, Lists, kind_column
from petrec.rules.kinds.ok import OK
from petrec.rules.observed import observed
from petrec.schema import Schema
from petrec.source import Source

DIGITS = 32
Old = TypeVar("Old")
New = TypeVar("New")


class Fingerprint(NamedTuple):
    """One kind of damage of one recording; `digest` has DIGITS hexadecimal digits."""

    kind: str
    digest: str


class NamedFinding(NamedTuple):
    """A fingerprint with the id of its recording."""

    fingerprint: Fingerprint
    recording: str


@dataclass
class Tally:
    """Findings by kind: known, new, fixed, and reappeared."""

    known: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    fixed: Counter[str] = field(default_factory=Counter)
    reappeared: Counter[str] = field(default_factory=Counter)


def digest_of(kind_id: str, recording_id: str) -> str:
    """Return the digest of one kind of damage of one recording."""
    return hashlib.sha256(f"{kind_id} {recording_id}".encode()).hexdigest()[:DIGITS]


def fingerprints_query(schema: Schema) -> Select[Any]:
    """Select kind, digest and recording of every finding; the digest is a twin of `digest_of`."""
    facts = observed(schema, lists=Lists.COUNTED)
    kind = kind_column(facts)
    recording = cast(facts.recording.id, Text)
    name = func.convert_to(kind + " " + recording, "UTF8")
    digest = func.left(func.encode(func.sha256(name), "hex"), DIGITS)
    columns = (kind.label("kind"), digest.label("digest"), recording.label("recording"))
    # The first condition says nothing more, but needs no list of pets: it is checked before one.
    query = select(*columns).select_from(facts.source).where(~OK.sql(facts))
    return query.where(kind.in_([finding.id for finding in FINDINGS]))


@contextmanager
def stream_findings(
    source: Source, schema: Schema, *order: str
) -> Iterator[Iterator[NamedFinding]]:
    """Yield the findings in the order of these fields' bytes, sorted by the engine.

    A partitioned table may hold one id in two partitions: then a fingerprint comes twice.
    """
    found = fingerprints_query(schema).subquery("found")
    query = select(found.c.kind, found.c.digest, found.c.recording)
    ordered = query.order_by(*(collate(found.c[name], "C") for name in order))
    with source.stream(ordered) as rows:
        yield (NamedFinding(Fingerprint(row[0] or "", row[1] or ""), row[2] or "") for row in rows)


def paired(
    before: Iterable[Old],
    now: Iterable[New],
    before_key: Callable[[Old], Any],
    now_key: Callable[[New], Any],
) -> Iterator[tuple[Old | None, New | None]]:
    """Pair two ordered streams by key, one to one; without a partner with None."""
    olds, news = iter(before), iter(now)
    old, new = next(olds, None), next(news, None)
    while old is not None or new is not None:
        if new is None or (old is not None and before_key(old) < now_key(new)):
            yield old, None
            old = next(olds, None)
        elif old is None or now_key(new) < before_key(old):
            yield None, new
            new = next(news, None)
        else:
            yield old, new
            old, new = next(olds, None), next(news, None)
