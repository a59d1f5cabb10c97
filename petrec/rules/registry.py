"""All kinds, in the order in which reports list them."""

from petrec.rules.kind import Kind
from petrec.rules.kinds.dangling_appointment import DANGLING_APPOINTMENT
from petrec.rules.kinds.dangling_pet import DANGLING_PET
from petrec.rules.kinds.mismatched import MISMATCHED
from petrec.rules.kinds.missing_ambiguous import MISSING_AMBIGUOUS
from petrec.rules.kinds.missing_dangling_appointment import MISSING_DANGLING_APPOINTMENT
from petrec.rules.kinds.missing_inferable import MISSING_INFERABLE
from petrec.rules.kinds.missing_no_appointment import MISSING_NO_APPOINTMENT
from petrec.rules.kinds.missing_no_pets import MISSING_NO_PETS
from petrec.rules.kinds.ok import OK
from petrec.rules.kinds.visit_conflict import VISIT_CONFLICT

KINDS = (
    OK,
    MISSING_INFERABLE,
    MISSING_AMBIGUOUS,
    MISSING_NO_PETS,
    MISSING_NO_APPOINTMENT,
    MISSING_DANGLING_APPOINTMENT,
    DANGLING_PET,
    DANGLING_APPOINTMENT,
    MISMATCHED,
    VISIT_CONFLICT,
)
FINDINGS = tuple(kind for kind in KINDS if kind is not OK)


def kind_by_id(kind_id: str) -> Kind:
    """Return the kind; errors: KeyError."""
    return {kind.id: kind for kind in KINDS}[kind_id]
