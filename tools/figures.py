"""Print figures of the source code, each with its bound and the places that break it.

`make figures` ends with 1 if a bound is broken.
"""

import ast
import io
import sys
import tokenize
from collections import defaultdict
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
EVERYTHING = ("petrec", "migrations", "tests", "benchmarks", "tools")
LONGEST_FILE = 220
LONGEST_FUNCTION_P90 = 17
SHORT_FILE = 30
# The tree had 82 such files once; a third of that is the aim.
MOST_SHORT_FILES = 27
COMMENTS_PERCENT = (1.0, 4.0)


class Figure(NamedTuple):
    """One measured figure, whether it keeps its bound, and the places to look at."""

    name: str
    value: str
    kept: bool
    places: tuple[str, ...] = ()


class Source(NamedTuple):
    """One file of Python."""

    path: str
    text: str
    tree: ast.Module

    @property
    def lines(self) -> int:
        """The number of lines."""
        return self.text.count("\n")

    @property
    def module(self) -> str:
        """The dotted name by which it is imported."""
        return self.path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def read_sources(root: Path, *directories: str) -> list[Source]:
    """Return all Python files below the directories, in order."""
    paths = sorted(path for each in directories for path in (root / each).rglob("*.py"))
    texts = ((path, path.read_text(encoding="utf-8")) for path in paths)
    return [
        Source(path.relative_to(root).as_posix(), text, ast.parse(text)) for path, text in texts
    ]


def long_files(sources: list[Source]) -> Figure:
    """Judge the longest file."""
    longest = max(each.lines for each in sources)
    over = sorted((each for each in sources if each.lines > LONGEST_FILE), key=lambda it: -it.lines)
    places = [f"{each.path}: {each.lines} lines" for each in over]
    return Figure(
        f"longest file, at most {LONGEST_FILE} lines", str(longest), not over, tuple(places)
    )


def short_files(sources: list[Source]) -> Figure:
    """Judge the number of files that are hardly worth opening; `__init__.py` may be short."""
    short = [
        each
        for each in sources
        if each.lines < SHORT_FILE and not each.path.endswith("__init__.py")
    ]
    name = f"files under {SHORT_FILE} lines, at most {MOST_SHORT_FILES}"
    places = [f"{each.path}: {each.lines} lines" for each in short]
    return Figure(name, str(len(short)), len(short) <= MOST_SHORT_FILES, tuple(places))


def long_functions(sources: list[Source]) -> Figure:
    """Judge the length of functions, from `def` to the last line."""
    lengths = sorted(
        (
            (node.end_lineno or node.lineno) - node.lineno + 1,
            f"{each.path}:{node.lineno} {node.name}",
        )
        for each in sources
        for node in ast.walk(each.tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    p90 = lengths[-(-len(lengths) * 9 // 10) - 1][0]
    places = [f"{place}: {length} lines" for length, place in lengths[:-21:-1]]
    name = f"90th percentile of a function, at most {LONGEST_FUNCTION_P90} lines"
    return Figure(name, str(p90), p90 <= LONGEST_FUNCTION_P90, tuple(places))


def repeated_classes(sources: list[Source]) -> Figure:
    """Judge whether a name of a class stands for two classes."""
    paths: dict[str, list[str]] = defaultdict(list)
    for each in sources:
        for node in ast.walk(each.tree):
            if isinstance(node, ast.ClassDef):
                paths[node.name.lstrip("_")].append(each.path)
    places = [f"{name}: {', '.join(found)}" for name, found in sorted(paths.items()) if found[1:]]
    return Figure("class names used twice, none", str(len(places)), not places, tuple(places))


def import_circle(sources: list[Source]) -> Figure:
    """Judge whether modules import each other in a circle, those in functions included."""
    modules = {each.module for each in sources}
    graph = {each.module: set(_imported(each, modules)) - {each.module} for each in sources}
    try:
        TopologicalSorter(graph).prepare()
    except CycleError as error:
        return Figure("circles of imports, none", "1 or more", False, (" <- ".join(error.args[1]),))
    return Figure("circles of imports, none", "0", True)


def _imported(source: Source, modules: set[str]) -> Iterator[str]:
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            yield from modules.intersection(each.name for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            names = (f"{node.module}.{each.name}" for each in node.names)
            found = {name if name in modules else str(node.module) for name in names}
            yield from modules.intersection(found)


def comments(sources: list[Source]) -> Figure:
    """Judge the share of lines that hold nothing but a comment for the reader."""
    total = sum(sum(bool(line.strip()) for line in each.text.splitlines()) for each in sources)
    share = 100 * sum(map(_whole_comments, sources)) / total
    lowest, highest = COMMENTS_PERCENT
    name = f"lines that are comments, {lowest:g} to {highest:g} %"
    return Figure(name, f"{share:.2f} %", lowest <= share <= highest)


def _whole_comments(source: Source) -> int:
    found = (
        token
        for token in tokenize.generate_tokens(io.StringIO(source.text).readline)
        if token.type == tokenize.COMMENT and token.line.strip() == token.string
    )
    machine = ("# noqa", "# type:", "# fmt:", "# pragma", "#!", "# mypy:")
    return sum(not token.string.startswith(machine) for token in found)


def measure(root: Path) -> list[Figure]:
    """Return all figures: length of files for everything, the others for the package alone."""
    package = read_sources(root, "petrec")
    judges = (short_files, long_functions, repeated_classes, import_circle, comments)
    return [long_files(read_sources(root, *EVERYTHING)), *(judge(package) for judge in judges)]


def write_figures(figures: list[Figure]) -> None:
    """Print the figures; of those that keep their bound, the value alone."""
    for figure in figures:
        sys.stdout.write(f"{'ok  ' if figure.kept else 'MISS'} {figure.name}: {figure.value}\n")
        if not figure.kept:
            sys.stdout.writelines(f"       {place}\n" for place in figure.places)


if __name__ == "__main__":
    figures = measure(ROOT)
    write_figures(figures)
    sys.exit(not all(figure.kept for figure in figures))
