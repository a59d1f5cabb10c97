"""Results of benchmarks, as files with the machine that they were measured on."""

import json
import os
import platform
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent / "results"


def record(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Write the results of a benchmark, in place of those that were there; returns them."""
    RESULTS.mkdir(exist_ok=True)
    document: dict[str, Any] = {"machine": _machine(), **content}
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    return document


def _machine() -> dict[str, str | int | None]:
    """Return what a reader needs to compare, and no name of a machine or of a person."""
    return {
        "processors": os.cpu_count(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "taken": time.strftime("%Y-%m-%d"),
    }
