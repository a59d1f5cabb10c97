"""The ratchet: what is known passes, what is new does not, however much was fixed meanwhile."""

from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TextIO, cast

from sqlalchemy import Connection, collate, select

from petrec.features.validate.baseline import Baseline, Entry
from petrec.features.validate.result import RatchetOutcome
from petrec.files import atomic_text
from petrec.postgres.copy import stream_copy
from petrec.rules.fingerprint import fingerprints_query
from petrec.schema import Schema

# The file is committed beside the code, so it is no more private than the code.
_MODE = 0o644


@dataclass
class Tally:
    """Findings by kind: in both places, in the database alone, in the file alone."""

    known: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)
    fixed: Counter[str] = field(default_factory=Counter)


def compare(found: Iterable[Entry], listed: Iterable[Entry], tally: Tally) -> Iterator[Entry]:
    """Count two ordered streams against each other in constant memory; yields what is found.

    An entry stands for as many findings as it has lines.
    """
    known = iter(listed)
    candidate = next(known, None)
    for entry in found:
        while candidate is not None and candidate < entry:
            tally.fixed[candidate[0]] += 1
            candidate = next(known, None)
        if candidate == entry:
            tally.known[entry[0]] += 1
            candidate = next(known, None)
        else:
            tally.new[entry[0]] += 1
        yield entry
    if candidate is not None:
        tally.fixed[candidate[0]] += 1
    tally.fixed.update(kind for kind, _ in known)


def apply_ratchet(
    connection: Connection, schema: Schema, baseline: Baseline, *, update: bool
) -> RatchetOutcome:
    """Compare the snapshot's findings with the file; with `update`, replace it by them.

    Errors: SettingsError, OutputError.
    """
    tally = Tally()
    writing: AbstractContextManager[TextIO | None] = (
        atomic_text(baseline.path, _MODE) if update else nullcontext()
    )
    with (
        writing as out,
        baseline.entries(replacing=update) as listed,
        _findings(connection, schema) as found,
    ):
        entries = compare(found, listed, tally)
        if out is None:
            for _ in entries:
                pass
        else:
            baseline.write_header(out)
            out.writelines(f"{kind} {digest}\n" for kind, digest in entries)
    return RatchetOutcome(
        str(baseline.path), dict(tally.known), dict(tally.new), dict(tally.fixed), updated=update
    )


@contextmanager
def _findings(connection: Connection, schema: Schema) -> Iterator[Iterator[Entry]]:
    """Give kind and fingerprint in the order of the bytes, sorted by the server."""
    found = fingerprints_query(schema).subquery("found")
    order = [collate(column, "C") for column in found.c]
    query = select(found.c.kind, found.c.fingerprint).order_by(*order)
    with stream_copy(connection, query) as rows:
        yield cast("Iterator[Entry]", rows)
