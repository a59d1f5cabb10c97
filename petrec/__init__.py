"""petrec finds, repairs and prevents lost pet associations of recordings in PostgreSQL.

The functions and result types are imported when they are first used: `import petrec` is quick.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from petrec.version import __version__ as __version__

if TYPE_CHECKING:
    from petrec.errors import DeclinedError as DeclinedError
    from petrec.errors import PetrecError as PetrecError
    from petrec.features.audit.result import AuditResult as AuditResult
    from petrec.features.backfill.result import BackfillPlan as BackfillPlan
    from petrec.features.backfill.result import BackfillResult as BackfillResult
    from petrec.features.constraints.apply import Listener as Listener
    from petrec.features.constraints.result import ConstraintsPlan as ConstraintsPlan
    from petrec.features.constraints.result import ConstraintsResult as ConstraintsResult
    from petrec.features.constraints.result import ConstraintsStatus as ConstraintsStatus
    from petrec.features.constraints.result import Filled as Filled
    from petrec.features.constraints.result import Obstacles as Obstacles
    from petrec.features.doctor.result import DoctorResult as DoctorResult
    from petrec.features.export_tables.result import ExportedColumns as ExportedColumns
    from petrec.features.export_tables.result import TablesExport as TablesExport
    from petrec.features.report.result import ReportResult as ReportResult
    from petrec.features.retention.result import RetentionPlan as RetentionPlan
    from petrec.features.retention.result import RetentionResult as RetentionResult
    from petrec.features.retention.scope import RetentionScope as RetentionScope
    from petrec.features.review.imported import ReviewImport as ReviewImport
    from petrec.features.review.result import ReviewExport as ReviewExport
    from petrec.features.review.result import ReviewStatus as ReviewStatus
    from petrec.features.runs.change import Lineage as Lineage
    from petrec.features.runs.driver.throttle import Throttling as Throttling
    from petrec.features.runs.result import Abandoned as Abandoned
    from petrec.features.runs.result import Resumed as Resumed
    from petrec.features.runs.result import RunList as RunList
    from petrec.features.runs.result import UndoPlan as UndoPlan
    from petrec.features.runs.result import UndoResult as UndoResult
    from petrec.features.runs.run import Run as Run
    from petrec.features.uploads.result import SweepPlan as SweepPlan
    from petrec.features.uploads.result import SweepResult as SweepResult
    from petrec.features.uploads.sweep import SweepScope as SweepScope
    from petrec.features.validate.result import ValidationResult as ValidationResult
    from petrec.operations.audit import KindRows as KindRows
    from petrec.operations.audit import audit as audit
    from petrec.operations.audit import rows as rows
    from petrec.operations.backfill import apply_backfill as apply_backfill
    from petrec.operations.backfill import plan_backfill as plan_backfill
    from petrec.operations.backfill_plan import apply_plan_file as apply_plan_file
    from petrec.operations.backfill_plan import judge_plan_file as judge_plan_file
    from petrec.operations.connect import connect as connect
    from petrec.operations.connect import connect_files as connect_files
    from petrec.operations.constraints import ConstraintChoice as ConstraintChoice
    from petrec.operations.constraints import apply_constraints as apply_constraints
    from petrec.operations.constraints import constraints_status as constraints_status
    from petrec.operations.constraints import plan_constraints as plan_constraints
    from petrec.operations.constraints import rollback_constraints as rollback_constraints
    from petrec.operations.export_tables import export_tables as export_tables
    from petrec.operations.fleet.result import FleetResult as FleetResult
    from petrec.operations.fleet.run import Schedule as Schedule
    from petrec.operations.fleet.run import fleet as fleet
    from petrec.operations.fleet.targets import FleetTarget as FleetTarget
    from petrec.operations.fleet.targets import TargetSource as TargetSource
    from petrec.operations.fleet.targets import find_targets as find_targets
    from petrec.operations.report import ReportFiles as ReportFiles
    from petrec.operations.report import ReportScope as ReportScope
    from petrec.operations.report import render_report as render_report
    from petrec.operations.report import report as report
    from petrec.operations.retention import erase_recordings as erase_recordings
    from petrec.operations.retention import plan_retention as plan_retention
    from petrec.operations.review import CaseFilter as CaseFilter
    from petrec.operations.review import export_review as export_review
    from petrec.operations.review import review_status as review_status
    from petrec.operations.review_import import Decisions as Decisions
    from petrec.operations.review_import import check_review as check_review
    from petrec.operations.review_import import import_review as import_review
    from petrec.operations.runs import abandon as abandon
    from petrec.operations.runs import history as history
    from petrec.operations.runs import plan_undo as plan_undo
    from petrec.operations.runs import resume as resume
    from petrec.operations.runs import runs as runs
    from petrec.operations.runs import undo as undo
    from petrec.operations.session import Session as Session
    from petrec.operations.setup import doctor as doctor
    from petrec.operations.uploads import plan_sweep as plan_sweep
    from petrec.operations.uploads import sweep_uploads as sweep_uploads
    from petrec.operations.validate import Gate as Gate
    from petrec.operations.validate import validate as validate

_MODULES = {
    "errors": "DeclinedError PetrecError",
    "features.audit.result": "AuditResult",
    "features.backfill.result": "BackfillPlan BackfillResult",
    "features.constraints.apply": "Listener",
    "features.constraints.result": (
        "ConstraintsPlan ConstraintsResult ConstraintsStatus Filled Obstacles"
    ),
    "features.doctor.result": "DoctorResult",
    "features.export_tables.result": "ExportedColumns TablesExport",
    "features.report.result": "ReportResult",
    "features.review.imported": "ReviewImport",
    "features.review.result": "ReviewExport ReviewStatus",
    "features.runs.change": "Lineage",
    "features.runs.driver.throttle": "Throttling",
    "features.runs.result": "Abandoned Resumed RunList UndoPlan UndoResult",
    "features.runs.run": "Run",
    "features.retention.result": "RetentionPlan RetentionResult",
    "features.retention.scope": "RetentionScope",
    "features.uploads.result": "SweepPlan SweepResult",
    "features.uploads.sweep": "SweepScope",
    "features.validate.result": "ValidationResult",
    "operations.audit": "KindRows audit rows",
    "operations.backfill": "apply_backfill plan_backfill",
    "operations.backfill_plan": "apply_plan_file judge_plan_file",
    "operations.connect": "connect connect_files",
    "operations.constraints": (
        "ConstraintChoice apply_constraints constraints_status plan_constraints "
        "rollback_constraints"
    ),
    "operations.export_tables": "export_tables",
    "operations.fleet.result": "FleetResult",
    "operations.fleet.run": "Schedule fleet",
    "operations.fleet.targets": "FleetTarget TargetSource find_targets",
    "operations.report": "ReportFiles ReportScope render_report report",
    "operations.review": "CaseFilter export_review review_status",
    "operations.review_import": "Decisions check_review import_review",
    "operations.runs": "abandon history plan_undo resume runs undo",
    "operations.session": "Session",
    "operations.setup": "doctor",
    "operations.retention": "erase_recordings plan_retention",
    "operations.uploads": "plan_sweep sweep_uploads",
    "operations.validate": "Gate validate",
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names.split()}


if not TYPE_CHECKING:  # Without this, a type checker would accept any misspelt name as Any.

    def __getattr__(name: str) -> Any:
        """Import a function or a type of the Python API (PEP 562); errors: AttributeError."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
