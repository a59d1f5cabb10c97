"""The `postmaster.pid` of a data directory: which server runs there, if any."""

from pathlib import Path

COMPLETE_LINES = 8


def running(pgdata: Path) -> bool:
    """Say whether a server works in the data directory."""
    lines = _lines(pgdata)
    return bool(lines) and _works_in(_pid(lines), pgdata)


def clear_stale(pgdata: Path) -> None:
    """Remove a lock file that would stop a start: cut short, or its process number reused.

    A complete file of a dead process stays: PostgreSQL uses it to find orphaned backends.
    """
    lines = _lines(pgdata)
    if lines is None or _works_in(_pid(lines), pgdata):
        return
    if len(lines) < COMPLETE_LINES or _alive(_pid(lines)):
        (pgdata / "postmaster.pid").unlink(missing_ok=True)


def _lines(pgdata: Path) -> list[str] | None:
    try:
        return (pgdata / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return None


def _pid(lines: list[str]) -> int:
    first = lines[0].strip() if lines else ""
    return int(first) if first.isdecimal() else 0


def _alive(pid: int) -> bool:
    import psutil  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with the wheel

    return pid > 0 and bool(psutil.pid_exists(pid))


def _works_in(pid: int, pgdata: Path) -> bool:
    """A postmaster's working directory is its data directory."""
    import psutil  # noqa: PLC0415 - comes with the wheel

    try:
        return pid > 0 and Path(psutil.Process(pid).cwd()) == pgdata
    except psutil.Error:
        return False
