"""Metrics for node_exporter's textfile collector: gauges, no timestamps, every rule even at zero.

After a failed run the values of the last successful run stay, `petrec_up` becomes 0, and the time
of the last run is updated; the time of the last success stays.
"""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import chain
from typing import TextIO

from petrec.features.report.result import Movement, ReportResult

UP, LAST_RUN, LAST_SUCCESS = (
    "petrec_up",
    "petrec_last_run_timestamp_seconds",
    "petrec_last_success_timestamp_seconds",
)
HELP = {
    UP: "Whether the last report succeeded (1) or not (0).",
    LAST_RUN: "When the last report started, whether it succeeded or not.",
    LAST_SUCCESS: "When the snapshot of the last successful report was taken.",
    "petrec_recordings": "Number of recordings.",
    "petrec_findings": "Number of recordings of each damaged kind.",
    "petrec_findings_new": "Findings that no earlier report had.",
    "petrec_findings_fixed": "Findings of the report before that no longer exist.",
    "petrec_findings_reappeared": "Findings that had been fixed and exist again.",
    "petrec_warnings": "Recordings with a warning.",
    "petrec_recordings_without_pet": "Recordings whose pet_id is NULL.",
    "petrec_invalid_associations": "Rows of the second validation query of the integration guide.",
    "petrec_uploads": "Uploads in the monitoring window, by outcome.",
    "petrec_rejected_uploads": "Requests in the window refused as pet_not_in_appointment.",
}
_ESCAPES = str.maketrans({"\\": r"\\", "\n": r"\n", '"': r"\""})
_VALUE = re.compile(rf"^({UP}|{LAST_RUN})(\{{.*\}})? .*$", re.MULTILINE)

Labels = dict[str, str]
Samples = list[tuple[Labels, float]]


def write(result: ReportResult, out: TextIO) -> None:
    """Write the metrics of a run that succeeded."""
    for name, samples in families(result):
        out.writelines((*header(name), *sample_lines(name, samples)))


def families(result: ReportResult, labels: Labels | None = None) -> Iterator[tuple[str, Samples]]:
    """Yield the name of each metric, and its samples with these labels before their own."""
    # Several databases may have files in one directory: their series must differ.
    where = {"database": result.audit.database, "table": result.audit.table}
    for name, samples in _families(result):
        if samples:
            yield name, [((labels or {}) | where | own, value) for own, value in samples]


def header(name: str) -> tuple[str, str]:
    """Return the lines that stand once before all samples of a metric."""
    return f"# HELP {name} {HELP[name]}\n", f"# TYPE {name} gauge\n"


def sample_lines(name: str, samples: Samples) -> Iterator[str]:
    """Yield a line for each sample."""
    for labels, value in samples:
        inner = ",".join(f'{key}="{text.translate(_ESCAPES)}"' for key, text in labels.items())
        yield f"{name}{{{inner}}} {_number(value)}\n" if inner else f"{name} {_number(value)}\n"


def after_failure(previous: str, now: datetime) -> str:
    """Return the metrics of a run that failed, given the file as it was."""
    if _VALUE.search(previous):
        return marked_failed(previous, now)
    first = first_failure({}, now)
    return "".join(chain.from_iterable((*header(name), line) for name, line in first.items()))


def marked_failed(lines: str, now: datetime) -> str:
    """Return lines of metrics with the values of a run that failed now; other lines stay."""
    values = _of_failure(now)
    return _VALUE.sub(lambda m: f"{m[1]}{m[2] or ''} {_number(values[m[1]])}", lines)


def first_failure(labels: Labels, now: datetime) -> dict[str, str]:
    """Return the lines, by metric, of a run that failed and has no earlier lines."""
    values = _of_failure(now)
    return {name: "".join(sample_lines(name, [(labels, values[name])])) for name in values}


def _of_failure(now: datetime) -> dict[str, float]:
    return {UP: 0.0, LAST_RUN: now.timestamp()}


def _families(result: ReportResult) -> Iterator[tuple[str, Samples]]:
    audit = result.audit
    taken = audit.taken_at.timestamp()
    yield UP, [({}, 1)]
    yield LAST_RUN, [({}, taken)]
    yield LAST_SUCCESS, [({}, taken)]
    yield "petrec_recordings", [({}, audit.total)]
    yield (
        "petrec_findings",
        [({"kind": k.id, "severity": k.severity}, k.count) for k in audit.finding_kinds],
    )
    for field in Movement.__struct_fields__:
        moves = [(k.id, result.movement(k.id) or Movement()) for k in audit.finding_kinds]
        yield f"petrec_findings_{field}", [({"kind": k}, getattr(m, field)) for k, m in moves]
    yield "petrec_warnings", [({"warning": w.id}, w.count) for w in audit.warnings]
    yield "petrec_recordings_without_pet", [({}, audit.guide.missing_pet_id)]
    yield "petrec_invalid_associations", [({}, audit.guide.invalid_associations)]
    yield from _monitoring(result)


def _monitoring(result: ReportResult) -> Iterator[tuple[str, Samples]]:
    if result.uploads is not None:
        uploaded = sum(day.uploaded for day in result.uploads)
        rest = sum(day.total for day in result.uploads) - uploaded
        yield "petrec_uploads", [({"outcome": "uploaded"}, uploaded), ({"outcome": "other"}, rest)]
    if result.rejected is not None:
        yield "petrec_rejected_uploads", [({}, sum(day.count for day in result.rejected))]


def _number(value: float) -> str:
    return f"{value:.15g}"
