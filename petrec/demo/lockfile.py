"""Lock files of a data directory: which server works there, if any."""

from pathlib import Path

_SOCKET_DIRECTORY_LINE = 4


def running(pgdata: Path) -> bool:
    """Return whether the server named by `postmaster.pid` runs in the data directory."""
    lines = _lines(pgdata)
    first = lines[0].strip() if lines else ""
    return first.isdecimal() and int(first) in _working_in(pgdata)


def clear_stale(pgdata: Path) -> None:
    """Remove the lock files of a server that no longer runs.

    PostgreSQL refuses to start if another program has its process id now.
    """
    if _working_in(pgdata):
        return
    places = {pgdata, *map(Path, _lines(pgdata)[_SOCKET_DIRECTORY_LINE:][:1])}
    for lock in [lock for place in places for lock in place.glob(".s.PGSQL.*.lock")]:
        lock.unlink(missing_ok=True)
    (pgdata / "postmaster.pid").unlink(missing_ok=True)


def _lines(pgdata: Path) -> list[str]:
    try:
        return (pgdata / "postmaster.pid").read_text().splitlines()
    except FileNotFoundError:
        return []


def _working_in(pgdata: Path) -> set[int]:
    """Yield the server's processes: all of them, even orphaned ones, work in the data directory."""
    import psutil  # type: ignore[import-untyped]  # noqa: PLC0415 - comes with the wheel

    processes = psutil.process_iter(["pid", "cwd"])
    return {process.info["pid"] for process in processes if process.info["cwd"] == str(pgdata)}
