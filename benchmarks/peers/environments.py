"""An environment for each peer, with the versions that were measured."""

import json
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

_HERE = Path(__file__).parent
_CACHE = _HERE.parents[1] / ".cache" / "peers"
_REQUIRED = {
    "duckdb": ("duckdb==1.5.5", "duckdb-extension-postgres-scanner==1.5.5"),
    "polars": ("polars==2.1.0", "adbc-driver-postgresql==1.13.0", "pyarrow==26.0.1"),
}
Way = Callable[[str], tuple[dict[str, int], float]]


def ready() -> dict[str, Way]:
    """Return each peer's way to answer, by its name and version; its packages are installed."""
    return {required[0].replace("==", " "): _way(name) for name, required in _REQUIRED.items()}


def _way(name: str) -> Way:
    home = _CACHE / name
    python = str(home / "bin" / "python")
    if not (home / "ready").exists():
        subprocess.run([sys.executable, "-m", "venv", str(home)], check=True)
        install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*install, *_REQUIRED[name]], check=True)
        (home / "ready").touch()
    return partial(_ask, [python, str(_HERE / f"with_{name}.py")])


def _ask(command: list[str], dsn: str) -> tuple[dict[str, int], float]:
    done = subprocess.run([*command, dsn], check=True, capture_output=True, text=True)
    said = json.loads(done.stdout)
    return said["answers"], said["seconds"]
