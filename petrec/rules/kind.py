"""The definition of a rule."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement

from petrec.rules.facts import Facts
from petrec.rules.facts_sql import FactColumns


class Severity(StrEnum):
    """How bad a kind is."""

    NONE = "none"
    ERROR = "error"


class Repair(StrEnum):
    """Which command repairs a finding."""

    NONE = "none"
    BACKFILL = "backfill"
    REVIEW = "review"


class Prevention(StrEnum):
    """Which constraint prevents a finding: the names that `petrec constraints` gives them."""

    PET_NOT_NULL = "recordings_pet_id_not_null"
    PET_KEY = "fk_recordings_pet_id"
    APPOINTMENT_KEY = "fk_recordings_appointment_id"
    MEMBERSHIP_KEY = "fk_recordings_membership"


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of recording; `holds` and `sql` are twins, and one of them holds for every row.

    Reports list the kinds by `order`; if several hold, the first one counts. A kind `needs_place`
    if neither pet nor appointment can be trusted: a person then chooses among the appointments of
    the recording's day.
    """

    id: str
    name: str
    order: int
    sentence: str
    repair: Repair
    prevented_by: Prevention | None = None
    needs_place: bool = False
    holds: Callable[[Facts], bool]
    sql: Callable[[FactColumns], ColumnElement[bool]]

    @property
    def is_finding(self) -> bool:
        """Return whether a command repairs this kind."""
        return self.repair is not Repair.NONE

    @property
    def severity(self) -> Severity:
        """Return how bad the kind is: every finding is an error."""
        return Severity.ERROR if self.is_finding else Severity.NONE
