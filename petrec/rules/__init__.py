"""The rules: what can be wrong with a recording, in SQL, in Python and in words."""

from petrec.rules.kind import Kind, Prevention, Repair, Severity
from petrec.rules.lists import Lists
from petrec.rules.observed import judged
from petrec.rules.registry import FINDINGS, KINDS, classify, kind_by_id, kind_column

__all__ = [
    "FINDINGS",
    "KINDS",
    "Kind",
    "Lists",
    "Prevention",
    "Repair",
    "Severity",
    "classify",
    "judged",
    "kind_by_id",
    "kind_column",
]
