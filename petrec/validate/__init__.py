"""The gate: an audit judged by limits, a baseline of known findings, and expected constraints."""

from petrec.validate.baseline import Baseline
from petrec.validate.expected import Expected
from petrec.validate.judge import judge
from petrec.validate.limits import limits_by_rule
from petrec.validate.ratchet import apply_ratchet
from petrec.validate.window import window

__all__ = ["Baseline", "Expected", "apply_ratchet", "judge", "limits_by_rule", "window"]
