"""Parts that need programs beyond petrec's own."""

from importlib import import_module

from petrec.errors import UsageError


def need_extra(what: str, extra: str, *modules: str) -> None:
    """Import what `petrec[extra]` brings; errors: UsageError, which says what to install."""
    for module in modules:
        try:
            import_module(module)
        except ImportError as error:
            reason = f"{what} needs {error.name or module}, which is not installed"
            raise UsageError(reason, hint=f"pip install 'petrec[{extra}]'") from error
