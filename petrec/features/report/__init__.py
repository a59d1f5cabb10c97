"""What cron runs: the state and its history, for people and for monitoring."""

from petrec.features.report.build import Scope, build_report
from petrec.features.report.publish import METRICS_MODE, Target, failure_marked, publication

__all__ = ["METRICS_MODE", "Scope", "Target", "build_report", "failure_marked", "publication"]
