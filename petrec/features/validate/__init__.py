"""The gate: check an audit against limits, a baseline and expected constraints."""

from petrec.features.validate.baseline import Baseline
from petrec.features.validate.expected import Expected
from petrec.features.validate.judge import judge
from petrec.features.validate.limits import limits_by_rule
from petrec.features.validate.ratchet import apply_ratchet

__all__ = ["Baseline", "Expected", "apply_ratchet", "judge", "limits_by_rule"]
