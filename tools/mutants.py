"""Change the code of one area a little, time and again, and count what no test notices.

`make mutants AREA=rules` runs mutmut on a copy of the tree in build/mutants, where a second run
goes on with the first. It ends with 1 if more than the share of the area goes unnoticed.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
COPIED = ("petrec", "tests", "migrations", "reports", "docs")
UNNOTICED = ("survived", "no_tests", "suspicious")


class Area(NamedTuple):
    """What is changed, the tests that should notice, and the share in percent that they must."""

    changed: tuple[str, ...]
    tests: tuple[str, ...]
    least_percent: float = 0


AREAS = {
    "rules": Area(
        ("petrec/rules/*",),
        (
            "tests/unit/rules",
            "tests/integration/rules/test_rule_twins.py",
            "tests/integration/review/test_outcome_twins.py",
        ),
        least_percent=90,
    ),
    "runs": Area(("petrec/features/runs/*",), ("tests/unit/runs", "tests/faults/runs")),
    "constraints": Area(("petrec/features/constraints/*",), ("tests/integration/constraints",)),
    "api": Area(
        ("petrec/api/*quer*.py", "petrec/api/uploads/*", "petrec/api/visits/*"),
        ("tests/unit/api", "tests/integration/api"),
    ),
}


def prepare(area: Area, directory: Path) -> None:
    """Copy the tree as it is now, and tell mutmut what to change and which tests to run."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        left_out = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.rmtree(directory / name, ignore_errors=True)
        shutil.copytree(ROOT / name, directory / name, ignore=left_out)
    shutil.copy(ROOT / "pyproject.toml", directory)
    options = {
        "source_paths": ("petrec",),
        "only_mutate": area.changed,
        "also_copy": COPIED[2:],
        "pytest_add_cli_args_test_selection": area.tests,
        "pytest_add_cli_args": ("-p", "no:cacheprovider", "-m", "not full and not matrix"),
    }
    lines = (f"{key}=\n    " + "\n    ".join(values) for key, values in options.items())
    (directory / "setup.cfg").write_text("[mutmut]\n" + "\n".join(lines) + "\n")


def run(directory: Path, workers: str) -> dict[str, int]:
    """Run mutmut; return how many of its changes came to which end."""
    mutmut = [sys.executable, "-m", "mutmut"]
    env = {"PETREC_EXAMPLES": "15"} | os.environ
    command = [*mutmut, "run", "--max-children", workers]
    subprocess.run(command, cwd=directory, env=env, check=True)  # noqa: S603
    subprocess.run([*mutmut, "export-cicd-stats"], cwd=directory, check=True)  # noqa: S603
    text = (directory / "mutants" / "mutmut-cicd-stats.json").read_text(encoding="utf-8")
    ends: dict[str, int] = json.loads(text)
    return ends


def noticed_percent(ends: dict[str, int]) -> float:
    """Return the share of changes that made a test fail, or made it run without end."""
    unnoticed = sum(ends[end] for end in UNNOTICED)
    noticed = ends["killed"] + ends["timeout"] + ends["segfault"]
    return 100 * noticed / max(1, noticed + unnoticed)


def main(name: str, workers: str) -> int:
    """Measure one area; return the exit code."""
    area, directory = AREAS[name], ROOT / "build" / "mutants" / name
    prepare(area, directory)
    share = noticed_percent(run(directory, workers))
    sys.stdout.write(
        f"{name}: {share:.1f} % noticed, at least {area.least_percent:g} %;"
        f" in {directory.relative_to(ROOT)}, `mutmut results` lists the others\n"
    )
    return int(share < area.least_percent)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:3]))
