"""An environment for each peer, with the versions that were measured."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

from benchmarks.peers.plain import ONE_EACH

_HERE = Path(__file__).parent
_CACHE = _HERE.parents[1] / ".cache" / "peers"
PEERS = ("duckdb", "polars", "pandas", "soda", "dbt", "great_expectations")
_SODA = "send_anonymous_usage_stats: false\nuser_cookie_id: none\n"
Way = Callable[[str], tuple[dict[str, int], float]]


def ready() -> tuple[dict[str, Way], list[str]]:
    """Return each peer's way to answer, by name and version, and who cannot be installed."""
    ways: dict[str, Way] = {}
    missing = []
    for name in PEERS:
        try:
            ways[_named(name)] = _way(name)
        except subprocess.CalledProcessError as error:
            print(error.stderr, file=sys.stderr)
            missing.append(_named(name))
    return ways, missing


def _requirements(name: str) -> Path:
    return _HERE / "requirements" / f"{name}.txt"


def _named(name: str) -> str:
    """Return the name and the version of a peer, which its first requirement has."""
    (first, *_) = _requirements(name).read_text().splitlines()
    return f"{name} {first.partition('==')[2]}".replace("_", " ")


def _way(name: str) -> Way:
    """Make the environment; errors: CalledProcessError where it cannot be made."""
    home = _CACHE / name
    python, done = str(home / "bin" / "python"), home / "installed.txt"
    wanted = _requirements(name).read_text()
    if not done.exists() or done.read_text() != wanted:
        _run([sys.executable, "-m", "venv", "--clear", str(home)])
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        _run([*install, "-r", str(_requirements(name))])
        done.write_text(wanted)
    return partial(_ask, [python, str(_HERE / f"with_{name}.py")])


def _run(command: list[str], given: str = "") -> str:
    """Return what a program prints; none of them may report how it is used."""
    home = _CACHE / "home"
    (home / ".soda").mkdir(parents=True, exist_ok=True)
    (home / ".soda" / "config.yml").write_text(_SODA)
    more = {"HOME": str(home), "DO_NOT_TRACK": "1", "GX_ANALYTICS_ENABLED": "false"}
    done = subprocess.run(
        command, check=True, capture_output=True, text=True, input=given, env=os.environ | more
    )
    return done.stdout


def _ask(command: list[str], dsn: str) -> tuple[dict[str, int], float]:
    """Return what a peer's program prints last, and its time from start to end.

    Tools that check numbers read the questions.
    """
    started = time.monotonic()
    said = _run([*command, dsn], json.dumps(ONE_EACH))
    seconds = time.monotonic() - started
    return json.loads(said.splitlines()[-1]), seconds
