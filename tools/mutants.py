"""Change the code of one area a little, time and again, and count what no test notices.

`make mutants AREA=rules` runs mutmut on a copy of the tree in build/mutants, where a second run
continues the first: it tries what is untried or went unnoticed. `SAMPLE=100 SEED=1` tries a hundred
changes only, spread over the files and over what is changed in them, and by the same seed always
the same. It ends with 1 if more than the share of the area goes unnoticed, and if a test fails
without any change: then no result counts.
"""

import argparse
import fnmatch
import io
import json
import os
import random
import shutil
import subprocess
import sys
import textwrap
import tokenize
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from tools.mutant_areas import AREAS, Area
from tools.mutant_control import add_control

ROOT = Path(__file__).parent.parent
COPIED = ("petrec", "tests", "migrations", "reports", "docs")
UNNOTICED = ("survived", "no tests", "suspicious")
NOTICED = ("killed", "segfault")
TIMEOUT = "timeout"
UNTRIED = "not checked"
MUTMUT = (sys.executable, "-m", "mutmut")
# Times the duration of the tests without a change. What takes longer gets a second look.
LIMITS = (10, 40)
# The quickest tests that reach a change are tried on it, as many as take so long without it.
TESTS_S = 40


def prepare(area: Area, directory: Path) -> None:
    """Copy the tree as it is now, and tell mutmut what to change and which tests to run."""
    directory.mkdir(parents=True, exist_ok=True)
    for name in COPIED:
        left_out = shutil.ignore_patterns("node_modules", "__pycache__")
        shutil.rmtree(directory / name, ignore_errors=True)
        shutil.copytree(ROOT / name, directory / name, ignore=left_out)
    shutil.copy(ROOT / "pyproject.toml", directory)
    _renew(area, directory)
    options = {
        "source_paths": ("petrec",),
        "only_mutate": area.changed,
        "do_not_mutate": area.left_out,
        "also_copy": COPIED[2:],
        "pytest_add_cli_args_test_selection": area.tests,
        "pytest_add_cli_args": ("-p", "no:cacheprovider", "-m", "not full"),
    }
    given = {key: values for key, values in options.items() if values}
    lines = (f"{key}=\n    " + "\n    ".join(values) for key, values in given.items())
    # Tests have limits of their own; this one is for what takes long outside of them.
    limit = f"timeout_constant=10\ntimeout_multiplier={2 * LIMITS[-1]}\n"
    (directory / "setup.cfg").write_text("[mutmut]\n" + "\n".join(lines) + "\n" + limit)


def _renew(area: Area, directory: Path) -> None:
    """Have an earlier run's copy hold what has changed since; mutmut itself sees to the area."""
    shutil.rmtree(directory / "mutants" / "tests", ignore_errors=True)
    for file in (directory / "petrec").rglob("*.py"):
        name = file.relative_to(directory)
        old = directory / "mutants" / name
        if old.exists() and not any(fnmatch.fnmatch(str(name), each) for each in area.changed):
            shutil.copy2(file, old)


def call(
    directory: Path,
    *command: str,
    limit: int = LIMITS[0],
    seconds: float = TESTS_S,
    failures: Path | None = None,
    check: bool = True,
) -> None:
    """Run a command of mutmut's; a test may take so many times as long as without a change.

    The names of tests that fail are added to the file `failures`.
    """
    limits = {"PETREC_MUTANT_LIMIT": str(limit), "PETREC_MUTANT_SECONDS": str(seconds)}
    if failures is not None:
        limits["PETREC_MUTANT_FAILURES"] = str(failures)
    env = {"PETREC_EXAMPLES": "15"} | os.environ | limits
    subprocess.run([*MUTMUT, *command], cwd=directory, env=env, check=check)  # noqa: S603


def ends(directory: Path) -> dict[str, str]:
    """Return how each change has ended that mutmut knows of."""
    done = subprocess.run(  # noqa: S603
        [*MUTMUT, "results", "--all", "true"], cwd=directory, stdout=subprocess.PIPE, check=True
    )
    pairs = (line.strip().split(": ", 1) for line in done.stdout.decode().splitlines())
    return {pair[0]: pair[1] for pair in pairs if len(pair) == 2}


def what_changes(original: str, changed: str) -> str:
    """Return which sort of token a change of a function replaces first."""
    pairs = zip(_tokens(original), _tokens(changed), strict=False)
    return next((tokenize.tok_name[one[0]] for one, other in pairs if one != other), "END")


def _tokens(code: str) -> list[tuple[int, str]]:
    """Return the tokens of a function after its name, which every change has another of."""
    lines = io.StringIO(textwrap.dedent(code))
    tokens = [(token.type, token.string) for token in tokenize.generate_tokens(lines.readline)]
    return tokens[tokens.index((tokenize.OP, "(")) :]


def groups(directory: Path) -> dict[str, tuple[str, str]]:
    """Return for each change its file, and what it changes there."""
    found: dict[str, tuple[str, str]] = {}
    for index in sorted(directory.glob("mutants/**/*.spans")):
        file = index.with_suffix("")
        module = ".".join(file.relative_to(directory / "mutants").with_suffix("").parts)
        lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
        spans = json.loads(index.read_text(encoding="utf-8"))["spans"]
        code = {name: "".join(lines[first - 1 : last]) for name, (first, last) in spans.items()}
        for name, changed in code.items():
            original = f"{name.rpartition('_')[0]}_orig"
            if name != original:
                found[f"{module}.{name}"] = (module, what_changes(code[original], changed))
    return found


def choose(known: Mapping[str, tuple[str, str]], size: int, seed: int) -> list[str]:
    """Return a random sample of changes in which each group has its share."""
    order = random.Random(seed)  # noqa: S311
    names = sorted(known)
    order.shuffle(names)
    names.sort(key=known.__getitem__)
    size = min(size, len(names))
    step, first = len(names) / max(1, size), order.random()
    return [names[int((first + number) * step)] for number in range(size)]


def try_again(
    directory: Path, names: Sequence[str], workers: str, which: Iterable[str], limit: int
) -> dict[str, str]:
    """Try those of the changes that have ended in one of these ways; return how all have ended."""
    before = ends(directory)
    left = [name for name in names if before[name] in which]
    if left:
        call(directory, "run", "--max-children", workers, *left, limit=limit)
    after = ends(directory)
    return {name: after[name] for name in names}


def failing_without_change(directory: Path, names: Sequence[str]) -> list[str]:
    """Return the tests of these changes that fail without any change, in a fork or before it."""
    control = add_control(directory / "mutants", names)
    failures = directory / "failures.txt"
    failures.write_text("")
    run = ("run", "--max-children", "1", control)
    call(directory, *run, seconds=float("inf"), failures=failures, check=False)
    end = ends(directory)[control]
    if end in {"survived", "no tests"}:
        return []
    return failures.read_text().splitlines() or [f"no test by name: {end}"]


def noticed_percent(ended: Mapping[str, int]) -> float:
    """Return the share of changes that made a test fail, of those of which it is known."""
    unnoticed = sum(ended.get(end, 0) for end in UNNOTICED)
    noticed = sum(ended.get(end, 0) for end in NOTICED)
    return 100 * noticed / max(1, noticed + unnoticed)


def main(name: str, workers: str, sample: int | None, seed: int) -> int:
    """Measure one area; return the exit code."""
    area, directory = AREAS[name], ROOT / "build" / "mutants" / name
    prepare(area, directory)
    # A run of a change that does not exist writes down those that do.
    call(directory, "run", "--max-children", workers, "none", check=False)
    if not (directory / "mutants" / "mutmut-stats.json").exists():
        sys.stdout.write(f"{name}: a test fails without any change, see above\n")
        return 1
    known = groups(directory)
    names = list(known) if sample is None else choose(known, sample, seed)
    if failing := failing_without_change(directory, names) if names else []:
        listed = "".join(f"  {test}\n" for test in failing)
        sys.stdout.write(f"{name}: tests fail without any change, so no result counts:\n{listed}")
        return 1
    ended = try_again(directory, names, workers, (UNTRIED, *UNNOTICED), LIMITS[0])
    if TIMEOUT in ended.values():
        ended = try_again(directory, names, "1", (TIMEOUT,), LIMITS[1])
    for one, end in sorted(ended.items()):
        if end not in NOTICED:
            sys.stdout.write(f"{end}: {one}\n")
    counts = Counter(ended.values())
    share = noticed_percent(counts)
    tried = sum(counts[end] for end in NOTICED + UNNOTICED)
    sys.stdout.write(
        f"{name}: {share:.1f} % of {tried} changes noticed, at least {area.least_percent:g} %;"
        f" {counts[TIMEOUT]} did not end in time;"
        f" in {directory.relative_to(ROOT)}, `mutmut show` shows one\n"
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
