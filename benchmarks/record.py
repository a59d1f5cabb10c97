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
    return _written(name, {"machine": _machine(), **content})


def record_sizes(name: str, content: Mapping[str, Any]) -> dict[str, Any]:
    """Write results whose rows name their number of `recordings`; returns all that are there then.

    Rows of other sizes stay if they are of the same machine, since large sizes are measured apart;
    `taken` names each day.
    """
    file, machine = RESULTS / f"{name}.json", _machine()
    earlier = json.loads(file.read_text()) if file.exists() else {"machine": {}, "results": []}
    measured = {row["recordings"] for row in content["results"]}
    others = [row for row in earlier["results"] if row["recordings"] not in measured]
    if not others or earlier["machine"] | {"taken": machine["taken"]} != machine:
        return record(name, content)
    days = {*earlier["machine"]["taken"].split(", "), machine["taken"]}
    results = sorted([*others, *content["results"]], key=lambda row: row["recordings"])
    machine["taken"] = ", ".join(sorted(days))
    return _written(name, {"machine": machine, **content, "results": results})


def described(machine: Mapping[str, Any]) -> str:
    """Return the sentence that says when and on what something was measured."""
    return (
        f"Measured on {machine['taken']}: {machine['processors']} processors, "
        f"{machine['architecture']}, {machine['system']}, Python {machine['python']}."
    )


def _written(name: str, document: dict[str, Any]) -> dict[str, Any]:
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{name}.json").write_text(json.dumps(document, indent=1) + "\n")
    return document


def _machine() -> dict[str, Any]:
    """Return what a reader needs to compare, and no name of a machine or of a person."""
    return {
        "processors": os.cpu_count(),
        "architecture": platform.machine(),
        "system": platform.system(),
        "python": platform.python_version(),
        "taken": time.strftime("%Y-%m-%d"),
    }
