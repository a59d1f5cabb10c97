"""The report for people and monitoring: the current state and its history."""

from petrec.features.report.build import ReportWindow, build_report
from petrec.features.report.publish import METRICS_MODE, ReportFile, failure_marked, publication

__all__ = [
    "METRICS_MODE",
    "ReportFile",
    "ReportWindow",
    "build_report",
    "failure_marked",
    "publication",
]
