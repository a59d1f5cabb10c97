"""Which functions commands reach: mutmut counts those of its own process only."""

import atexit
import json
import os
from pathlib import Path

_REACHED = Path(__file__).parent.parent.parent / "reached"


def counts_functions() -> bool:
    """Return whether mutmut finds out which test reaches which function."""
    return os.environ.get("MUTANT_UNDER_TEST") == "stats"


def counting() -> dict[str, str]:
    """Return the variable by which a fork of a process with mutmut's configuration counts."""
    return {"MUTANT_UNDER_TEST": "stats"} if counts_functions() else {}


def not_counting() -> dict[str, str]:
    """Return the variable by which a process that starts anew, elsewhere, counts nothing."""
    return {"MUTANT_UNDER_TEST": ""} if counts_functions() else {}


def write_down_functions() -> None:
    """Have this process, a command, write down at its end what it has reached."""
    if counts_functions():
        from mutmut.state import state

        state()._stats.clear()
        _REACHED.mkdir(exist_ok=True)
        file = _REACHED / f"{os.getpid()}.json"
        atexit.register(lambda: file.write_text(json.dumps(sorted(state()._stats))))


def functions_of_commands() -> set[str]:
    """Return what the commands since the last time have reached."""
    reached: set[str] = set()
    for file in _REACHED.glob("*.json"):
        reached |= set(json.loads(file.read_text()))
        file.unlink()
    return reached
