"""Parts that need programs beyond petrec's own: workbooks."""

from importlib import import_module
from typing import Any

from petrec.errors import UsageError


def extra(module: str) -> Any:
    """Import a part; errors: UsageError, which says what to install."""
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        reason = f"workbooks need {error.name}, which is not installed"
        raise UsageError(reason, hint="pip install 'petrec[xlsx]'") from error
