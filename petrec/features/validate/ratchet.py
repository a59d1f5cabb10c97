"""The ratchet: known findings pass, new ones fail, even if others were fixed."""

import csv
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from operator import itemgetter
from pathlib import Path
from typing import TextIO

from petrec.documents.safe_text import encode_cell
from petrec.features.validate.baseline import Baseline
from petrec.features.validate.outcome import RatchetOutcome
from petrec.files import atomic_text
from petrec.fingerprints import Fingerprint, NamedFinding, Tally, paired, stream_findings
from petrec.schema import Schema
from petrec.source import Source

# New recordings of a kind that are named, as an audit names examples.
SAMPLES = 2
# The file is committed beside the code, so it is no more private than the code.
_MODE = 0o644


def compare(
    found: Iterable[NamedFinding], listed: Iterable[Fingerprint], tally: Tally
) -> Iterator[tuple[NamedFinding, bool]]:
    """Compare two ordered streams; yields each finding, and whether it is new.

    Each line of an entry covers one finding.
    """
    for old, new in paired(listed, found, tuple, itemgetter(0)):
        if new is not None:
            is_new = old is None
            (tally.new if is_new else tally.known)[new.fingerprint.kind] += 1
            yield new, is_new
        elif old is not None:
            tally.fixed[old.kind] += 1


def apply_ratchet(
    source: Source,
    schema: Schema,
    baseline: Baseline,
    *,
    update: bool,
    new_rows: Path | None = None,
) -> RatchetOutcome:
    """Compare the snapshot's findings with the file; with `update`, replace its content by them.

    `new_rows` is a CSV for kind and recording of every new finding.

    Errors: SettingsError, OutputError.
    """
    tally, samples = Tally(), defaultdict[str, list[str]](list)
    writing: AbstractContextManager[TextIO | None] = (
        atomic_text(baseline.path, _MODE) if update else nullcontext()
    )
    with (
        writing as out,
        _listing(new_rows) as news,
        baseline.entries(replacing=update) as listed,
        stream_findings(source, schema, *Fingerprint._fields) as found,
    ):
        if out is not None:
            baseline.write_header(out)
        for (fingerprint, recording), is_new in compare(found, listed, tally):
            if out is not None:
                out.write(f"{fingerprint.kind} {fingerprint.digest}\n")
            if is_new:
                news([fingerprint.kind, recording])
                if len(samples[fingerprint.kind]) < SAMPLES:
                    samples[fingerprint.kind].append(recording)
    return RatchetOutcome(
        str(baseline.path),
        dict(tally.known),
        dict(tally.new),
        dict(tally.fixed),
        updated=update,
        samples={kind: tuple(found) for kind, found in samples.items()},
    )


@contextmanager
def _listing(path: Path | None) -> Iterator[Callable[[list[str]], object]]:
    """Yield a function that writes a line of the CSV; without a path it does nothing."""
    if path is None:
        yield lambda _: None
        return
    with atomic_text(path) as out:
        writer = csv.writer(out)
        writer.writerow(["kind", "recording_id"])
        yield lambda row: writer.writerow(map(encode_cell, row))
