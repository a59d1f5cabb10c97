"""Each figure names what breaks its bound, and nothing else."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tools.figures import (
    Figure,
    Source,
    comments,
    import_circle,
    long_files,
    long_functions,
    read_sources,
    repeated_classes,
    short_files,
)

Judge = Callable[[list[Source]], Figure]
FUNCTION = "def f() -> None:\n" + "    f()\n" * 17
FILES: dict[Judge, tuple[dict[str, str], dict[str, str]]] = {
    long_files: ({"a.py": "x = 1\n" * 220}, {"a.py": "x = 1\n" * 221}),
    short_files: (
        {f"{n}.py": "x = 1\n" * 29 for n in range(27)} | {"__init__.py": "", "long.py": "\n" * 30},
        {f"{n}.py": "x = 1\n" * 29 for n in range(28)},
    ),
    long_functions: (
        {"a.py": FUNCTION * 1 + "def g() -> None: ...\n" * 9},
        {"a.py": FUNCTION * 2 + "def g() -> None: ...\n" * 9},
    ),
    repeated_classes: (
        {"a.py": "class A: ...\n", "b.py": "class B: ...\n"},
        {"a.py": "class A: ...\n", "b.py": "def f():\n    class _A: ...\n"},
    ),
    import_circle: (
        {"a.py": "import p.b\nfrom p import c\n", "b.py": "from p.c import d\n", "c.py": ""},
        {"a.py": "import p.b\n", "b.py": "def f():\n    from p import c\n", "c.py": "import p.a\n"},
    ),
    comments: (
        {"a.py": "# Because.\n" + "x = 1  # not a whole line\n" * 50},
        {"a.py": "# noqa: ERA001\n" + "x = 1\n" * 50},
    ),
}


@pytest.mark.parametrize("judge", FILES, ids=lambda judge: judge.__name__)
@pytest.mark.parametrize("broken", [False, True], ids=["kept", "broken"])
def test_a_figure_is_kept_to_its_bound_and_broken_beyond(
    judge: Judge, broken: bool, tmp_path: Path
) -> None:
    for name, text in FILES[judge][broken].items():
        (tmp_path / "p").mkdir(exist_ok=True)
        (tmp_path / "p" / name).write_text(text)
    figure = judge(read_sources(tmp_path, "p"))
    assert figure.kept is not broken
    if broken and judge is not comments:
        assert all("p" in place for place in figure.places)
        assert figure.places


def test_a_circle_is_named_by_its_modules(tmp_path: Path) -> None:
    for name, imported in (("a", "b"), ("b", "c"), ("c", "a")):
        (tmp_path / "p").mkdir(exist_ok=True)
        (tmp_path / "p" / f"{name}.py").write_text(f"from p.{imported} import x\n")
    (circle,) = import_circle(read_sources(tmp_path, "p")).places
    assert set(circle.split(" <- ")) == {"p.a", "p.b", "p.c"}
