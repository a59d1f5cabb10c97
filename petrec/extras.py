"""Parts that need optional packages."""

from importlib import import_module

from petrec.errors import UsageError


def need_extra(what: str, extra: str, *modules: str) -> None:
    """Import a module of `petrec[extra]`; errors: UsageError, which names what to install."""
    for module in modules:
        try:
            import_module(module)
        except ImportError as error:
            reason = f"{what} needs {error.name or module}, which is not installed"
            raise UsageError(reason, hint=f"pip install 'petrec[{extra}]'") from error
