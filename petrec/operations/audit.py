"""The audit, and all rows of one kind."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from petrec.documents.frames import frame_of
from petrec.errors import UsageError
from petrec.features.audit import stream_json, stream_rows
from petrec.features.audit.origins.by import run_audit_by
from petrec.features.audit.result import AuditResult
from petrec.features.audit.rows import column_types
from petrec.operations.callbacks import Step, ignore
from petrec.operations.session import Session
from petrec.phrases import Phrase, Phrased
from petrec.rules import KINDS, kind_by_id
from petrec.source import Rows

if TYPE_CHECKING:
    from pandas import DataFrame


def audit(session: Session, *, by: str = "", step: Step = ignore) -> AuditResult:
    """Count the recordings of each damaged kind; writes nothing.

    `by` is a column or a key of recording_metadata: the result's `origins` have the counts by its
    values. Errors: UsageError for an unknown one.
    """
    return session.read_source(partial(run_audit_by, by=by, step=step))


def rows(session: Session, kind: str) -> "KindRows":
    """Return all recordings of a kind; errors: UsageError for an unknown kind."""
    if kind not in {known.id for known in KINDS}:
        names = ", ".join(known.id for known in KINDS)
        raise UsageError(f"unknown kind {kind!r}", hint=f"choose one of: {names}")
    if session.scans:
        hint = Phrased(Phrase.ENGINE_LEFT_OUT)
        raise UsageError("DuckDB counts recordings of a database, but lists no rows", hint=hint)
    return KindRows(session, kind)


@dataclass(frozen=True)
class KindRows:
    """All recordings of one kind; each read uses its own snapshot."""

    session: Session
    kind: str

    @property
    def are_findings(self) -> bool:
        """Return whether a command repairs recordings of this kind."""
        return kind_by_id(self.kind).is_finding

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield each recording as a dictionary, typed as PostgreSQL's JSON, from one snapshot."""
        with self.json_lines() as lines:
            for line in lines:
                yield json.loads(line)

    def frame(self) -> "DataFrame":
        """Return the recordings as a data frame: ids as text, moments in UTC."""
        with (
            self.session.source() as (source, schema),
            stream_json(source, schema, self.kind) as lines,
        ):
            types = column_types(schema, self.kind)
            found = [json.loads(line, parse_float=Decimal) for line in lines]
        return frame_of(
            {name: (kind, [row[name] for row in found]) for name, kind in types.items()}
        )

    @contextmanager
    def json_lines(self) -> Iterator[Iterator[str]]:
        """Yield an iterator over the recordings as JSON objects, one a line."""
        with (
            self.session.source() as (source, schema),
            stream_json(source, schema, self.kind) as lines,
        ):
            yield lines

    @contextmanager
    def cells(self) -> Iterator[tuple[tuple[str, ...], Rows]]:
        """Yield the names of the columns and an iterator over rows of text."""
        with (
            self.session.source() as (source, schema),
            stream_rows(source, schema, self.kind) as found,
        ):
            yield found
