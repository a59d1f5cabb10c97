"""The plan as a script for psql."""

from collections.abc import Iterable

from petrec.features.constraints.state import Step
from petrec.features.constraints.statements.base import Lock, Waits

# Settings that the role, the database or psqlrc may have changed.
_SETS = {
    "search_path": "pg_catalog, pg_temp",
    "default_transaction_read_only": "off",
    "statement_timeout": "0",
    "synchronous_commit": "local",
}
_HEAD = (
    "\\set ON_ERROR_STOP on",
    "\\set AUTOCOMMIT on",
    *(f"SET {name} = {value};" for name, value in _SETS.items()),
    "SELECT set_config(name, '0', false) FROM pg_settings",
    "WHERE name = 'transaction_timeout' \\g /dev/null",
)


def script(comments: Iterable[str], steps: Iterable[Step], lock_timeout_ms: int) -> str:
    """Return the statements, each with its locks and its lock timeout."""
    first, *more = comments
    lines = [_comment(first), *_HEAD, *map(_comment, more)]
    for step in steps:
        limit = lock_timeout_ms if step.waits is Waits.SHORT else 0
        lines += [_comment(described(step.locks)), f"SET lock_timeout = {limit};", f"{step.sql};"]
    lines += [f"RESET {name};" for name in ("lock_timeout", *_SETS)]
    return "\n".join(lines) + "\n"


def described(locks: Iterable[Lock]) -> str:
    """Return the locks in words."""
    return ", ".join(f"{lock.mode} on {lock.table}" for lock in locks)


def _comment(words: str) -> str:
    """Return one comment line: a name may hold line ends."""
    return f"-- {' '.join(words.splitlines())}"
