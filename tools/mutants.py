"""Change the code of one area a little, time and again, and count what no test notices.

`make mutants AREA=rules` runs mutmut on a copy of the tree in build/mutants, where a second run
continues with the first. It ends with 1 if more than the share of the area goes unnoticed.
`SAMPLE=100 SEED=1` tries a hundred changes only, and by the same seed always the same.
"""

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
COPIED = ("petrec", "tests", "migrations", "reports", "docs")
UNNOTICED = ("survived", "no_tests", "suspicious")
NOTICED = ("killed", "timeout", "segfault")
MUTMUT = (sys.executable, "-m", "mutmut")
SKIPPED = 34


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
            "tests/integration/rules/test_legible.py",
            "tests/integration/review/test_outcome_twins.py",
        ),
        least_percent=90,
    ),
    "runs": Area(
        ("petrec/features/runs/*",),
        (
            "tests/unit/runs",
            # Those that wait for locks, servers and standbys take an hour for each change.
            *(f"tests/faults/runs/test_{name}.py" for name in ("undo",)),
        ),
    ),
    "constraints": Area(
        ("petrec/features/constraints/*",),
        tuple(
            f"tests/integration/constraints/test_{name}.py"
            for name in (
                "apply",
                "feasible",
                "identity",
                "names",
                "partitions",
                "rollback",
                "states",
            )
        ),
    ),
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


def call(directory: Path, *command: str, check: bool = True) -> None:
    """Run a command of mutmut's."""
    env = {"PETREC_EXAMPLES": "15"} | os.environ
    subprocess.run([*MUTMUT, *command], cwd=directory, env=env, check=check)  # noqa: S603


def choose(directory: Path, size: int, seed: int) -> None:
    """Have mutmut skip all changes that it knows of but a random sample."""
    files = sorted(directory.glob("mutants/**/*.meta"))
    known = {file: json.loads(file.read_text(encoding="utf-8")) for file in files}
    names = [name for each in known.values() for name in each["exit_code_by_key"]]
    sample = random.Random(seed).sample(names, min(size, len(names)))  # noqa: S311
    chosen = set(sample)
    for file, each in known.items():
        for name, end in each["exit_code_by_key"].items():
            if end in {None, SKIPPED}:
                each["exit_code_by_key"][name] = None if name in chosen else SKIPPED
        file.write_text(json.dumps(each), encoding="utf-8")


def run(directory: Path, workers: str) -> dict[str, int]:
    """Run mutmut; return how many of its changes came to which end."""
    call(directory, "run", "--max-children", workers)
    call(directory, "export-cicd-stats")
    text = (directory / "mutants" / "mutmut-cicd-stats.json").read_text(encoding="utf-8")
    ends: dict[str, int] = json.loads(text)
    return ends


def noticed_percent(ends: dict[str, int]) -> float:
    """Return the share of changes that made a test fail, or made it run without end."""
    unnoticed = sum(ends[end] for end in UNNOTICED)
    noticed = sum(ends[end] for end in NOTICED)
    return 100 * noticed / max(1, noticed + unnoticed)


def main(name: str, workers: str, sample: int | None, seed: int) -> int:
    """Measure one area; return the exit code."""
    area, directory = AREAS[name], ROOT / "build" / "mutants" / name
    prepare(area, directory)
    if sample is not None:
        # A run of a change that does not exist writes down those that do.
        call(directory, "run", "--max-children", workers, "none", check=False)
        choose(directory, sample, seed)
    ends = run(directory, workers)
    share = noticed_percent(ends)
    sys.stdout.write(
        f"{name}: {share:.1f} % of {sum(ends[end] for end in NOTICED + UNNOTICED)} changes noticed,"
        f" at least {area.least_percent:g} %;"
        f" in {directory.relative_to(ROOT)}, `mutmut results` lists the others\n"
    )
    return int(share < area.least_percent)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Count what changes of the code no test notices.")
    parser.add_argument("area", choices=AREAS)
    parser.add_argument("workers")
    parser.add_argument("--sample", type=int, metavar="CHANGES")
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.exit(main(given.area, given.workers, given.sample, given.seed))
