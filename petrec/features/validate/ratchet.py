"""The ratchet: what is known passes, what is new does not, however much was fixed meanwhile."""

from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TextIO

from sqlalchemy import Connection

from petrec.features.validate.baseline import Baseline
from petrec.features.validate.result import RatchetOutcome
from petrec.files import atomic_text
from petrec.fingerprints import Fingerprint, Tally, paired, stream_fingerprints
from petrec.schema import Schema

# The file is committed beside the code, so it is no more private than the code.
_MODE = 0o644


def compare(
    found: Iterable[Fingerprint], listed: Iterable[Fingerprint], tally: Tally
) -> Iterator[Fingerprint]:
    """Count two ordered streams against each other; yields what is found.

    An entry stands for as many findings as it has lines.
    """
    for old, new in paired(listed, found, tuple, tuple):
        if new is not None:
            (tally.new if old is None else tally.known)[new.kind] += 1
            yield new
        elif old is not None:
            tally.fixed[old.kind] += 1


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
        stream_fingerprints(connection, schema, *Fingerprint._fields) as found,
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
