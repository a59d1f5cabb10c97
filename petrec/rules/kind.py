"""The form of a rule."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement

from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns


class Severity(StrEnum):
    """How bad a finding is."""

    NONE = "none"
    WARNING = "warning"
    ERROR = "error"


class Repair(StrEnum):
    """Which command repairs a finding."""

    NONE = "none"
    BACKFILL = "backfill"
    REVIEW = "review"


@dataclass(frozen=True)
class Kind:
    """One kind of recording; the two predicates are twins and exactly one kind holds per row."""

    id: str
    severity: Severity
    sentence: str
    repair: Repair
    prevented_by: str
    holds: Callable[[Facts], bool]
    sql: Callable[[FactColumns], ColumnElement[bool]]
