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
    from petrec.features.runs.driver.throttle import Throttling as Throttling
    from petrec.features.runs.result import Lineage as Lineage
    from petrec.features.runs.result import RunList as RunList
    from petrec.features.runs.result import UndoResult as UndoResult
    from petrec.features.runs.run import Run as Run
    from petrec.operations.audit import KindRows as KindRows
    from petrec.operations.audit import audit as audit
    from petrec.operations.audit import rows as rows
    from petrec.operations.backfill import apply_backfill as apply_backfill
    from petrec.operations.backfill import plan_backfill as plan_backfill
    from petrec.operations.runs import history as history
    from petrec.operations.runs import runs as runs
    from petrec.operations.runs import undo as undo
    from petrec.operations.session import Session as Session
    from petrec.operations.session import connect as connect

_MODULES = {
    "errors": ("DeclinedError", "PetrecError"),
    "features.audit.result": ("AuditResult",),
    "features.backfill.result": ("BackfillPlan", "BackfillResult"),
    "features.runs.driver.throttle": ("Throttling",),
    "features.runs.result": ("Lineage", "RunList", "UndoResult"),
    "features.runs.run": ("Run",),
    "operations.audit": ("KindRows", "audit", "rows"),
    "operations.backfill": ("apply_backfill", "plan_backfill"),
    "operations.runs": ("history", "runs", "undo"),
    "operations.session": ("Session", "connect"),
}
_HOMES = {name: module for module, names in _MODULES.items() for name in names}


if not TYPE_CHECKING:  # A type checker would take every misspelt name for Any.

    def __getattr__(name: str) -> Any:
        """Import a function or a type of the Python API (PEP 562); errors: AttributeError."""
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        value = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
