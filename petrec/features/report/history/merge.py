"""Two ordered streams of fingerprints become one: constant memory, whatever their length."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from heapq import merge
from itertools import groupby
from operator import itemgetter

from petrec.features.report.history.compared import Found, Tally


@dataclass(frozen=True, slots=True)
class Seen:
    """A finding that some run has found; `present` as of the last one."""

    fingerprint: str
    kind: str
    present: bool = True


def merged(before: Iterable[Seen], now: Iterable[Found], tally: Tally) -> Iterator[Seen]:
    """Yield what is known after this run, in order; `tally` counts what moved."""
    old: Iterator[tuple[str, Seen | str]] = ((seen.fingerprint, seen) for seen in before)
    both = merge(old, now, key=itemgetter(0))
    for fingerprint, group in groupby(both, key=itemgetter(0)):
        known, kind = None, None
        for _, item in group:
            if isinstance(item, Seen):
                known = item
            else:
                kind = item
        yield _after(fingerprint, known, kind, tally)


def _after(fingerprint: str, known: Seen | None, kind: str | None, tally: Tally) -> Seen:
    if known is None:
        found = Seen(fingerprint, kind or "")
        tally.new[found.kind] += 1
        return found
    if known.present == (kind is not None):
        return known
    counter = tally.reappeared if kind is not None else tally.fixed
    counter[known.kind] += 1
    return Seen(fingerprint, known.kind, kind is not None)
