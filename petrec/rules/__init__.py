"""The rules: what can be wrong with a recording, each said once for SQL, Python and people."""

from petrec.rules.judge import classify, judged, kind_column
from petrec.rules.kind import Kind, Prevention, Repair, Severity
from petrec.rules.registry import FINDINGS, KINDS, kind_by_id

__all__ = [
    "FINDINGS",
    "KINDS",
    "Kind",
    "Prevention",
    "Repair",
    "Severity",
    "classify",
    "judged",
    "kind_by_id",
    "kind_column",
]
