"""What docs/python.md promises to programs: its blocks run, short programs do the main jobs."""

import json
import re
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import petrec
from tests.plugins.command import ROOT, environment
from tests.plugins.databases import Database
from tests.plugins.programs import Program
from tools.page_programs import programs

PAGE = programs((ROOT / "docs" / "python.md").read_text(encoding="utf-8"))

AUDIT = """
import petrec
session = petrec.connect()
result = petrec.audit(session)
worst = max(result.kinds[1:], key=lambda kind: kind.count)
listed = sum(1 for row in petrec.rows(session, worst.id))
print(result.findings > 0, listed == worst.count)
"""
BACKFILL = """
import petrec
session = petrec.connect()
plan = petrec.plan_backfill(session)
seen = []
done = petrec.apply_backfill(session, progress=lambda run: seen.append(run.changed))
print(done.run.changed == plan.planned, seen == sorted(seen), seen[-1] == plan.planned)
"""
UNDO = """
import petrec
session = petrec.connect()
before = petrec.audit(session).count("missing_inferable")
run = petrec.apply_backfill(session).run
between = petrec.audit(session).count("missing_inferable")
taken_back = petrec.undo(session, run.id)
after = petrec.audit(session).count("missing_inferable")
print(before == after == taken_back.run.changed, between, taken_back.moved_on)
"""

REPORT = """
import petrec
from pathlib import Path
session = petrec.connect()
files = petrec.ReportFiles(html=Path("report.html"), json=Path("report.json"))
result = petrec.report(session, files, petrec.ReportScope(history=Path("history.txt")))
again = petrec.render_report(Path("report.json"), petrec.ReportFiles(markdown=Path("r.md")))
print(result.audit.findings == again.audit.findings > 0, Path("r.md").stat().st_size > 0)
"""
FRAMES_SHOW = """\
string string datetime64[us, UTC] Int64
True True
string string datetime64[us, UTC] Int64
True
"""
FRAMES = """
import petrec
session = petrec.connect()
petrec.apply_backfill(session)
rows = petrec.rows(session, "missing_ambiguous")
one, frame, changes = next(iter(rows)), rows.frame(), petrec.history(session).frame()
print(*(str(frame[name].dtype) for name in ("id", "pet_id", "created_at", "file_size_bytes")))
print(one == {**one, **{"id": frame["id"][0]}}, len(frame) == sum(1 for _ in rows))
print(*(str(changes[name].dtype) for name in ("recording_id", "new_pet_id", "changed_at", "run")))
print(changes["new_pet_id"].notna().all())
"""


@pytest.mark.parametrize(
    ("code", "printed"),
    [
        (AUDIT, "True True\n"),
        (BACKFILL, "True True True\n"),
        (UNDO, "True 0 ()\n"),
        (REPORT, "True True\n"),
        (FRAMES, FRAMES_SHOW),
    ],
    ids=["audit", "backfill", "undo", "report", "frames"],
)
def test_ten_lines_do_a_main_job(program: Program, code: str, printed: str) -> None:
    assert program(code) == printed


def test_a_program_starts_by_itself(demo_clinic: Database, tmp_path: Path) -> None:
    """The others are forked from a process that has imported everything."""
    command, given = [sys.executable, "-c", AUDIT], environment(PETREC_DATABASE_URL=demo_clinic.dsn)
    ended = subprocess.run(
        command, cwd=tmp_path, text=True, capture_output=True, env=given, check=False
    )
    assert (ended.returncode, ended.stdout) == (0, "True True\n"), ended.stderr


@pytest.mark.parametrize("title", PAGE)
def test_the_programs_of_the_page_run(program: Program, title: str) -> None:
    program(PAGE[title])


def test_a_user_sees_every_name_and_no_other() -> None:
    """The names that are imported lazily are those that type checkers see."""
    source = (ROOT / "petrec" / "__init__.py").read_text("utf-8")
    typed = re.findall(r"^    from petrec\.([\w.]+) import (\w+) as \w+$", source, re.MULTILINE)
    assert {name: home for home, name in typed} == petrec._HOMES
    for name, home in petrec._HOMES.items():
        assert getattr(petrec, name) is getattr(import_module(f"petrec.{home}"), name)
    assert set(petrec._HOMES) <= set(dir(petrec))
    with pytest.raises(AttributeError):
        petrec.adit  # type: ignore[attr-defined] # noqa: B018


def test_every_result_can_be_a_data_frame() -> None:
    offered = {name: getattr(petrec, name) for name in petrec._HOMES}
    results = {name for name, each in offered.items() if hasattr(each, "document")}
    assert "AuditResult" in results
    assert {name for name in results if not hasattr(offered[name], "frame")} == set()


TYPED = """
from pathlib import Path

import pandas
import petrec


def note(run: petrec.Run) -> None:
    print(run.changed, run.eta_seconds)


def job(session: petrec.Session) -> int:
    plan: petrec.BackfillPlan = petrec.plan_backfill(session, touch=["updated_at"])
    done = petrec.apply_backfill(
        session,
        throttling=petrec.Throttling(target_ms=100),
        confirm=lambda plan: plan.planned < 10,
        progress=note,
        export=Path("ambiguous.csv"),
    )
    frame: pandas.DataFrame = petrec.audit(session).frame()
    made = petrec.apply_constraints(session)
    if isinstance(made, petrec.Obstacles):
        return len(made.counts) + len(frame) + plan.left
    return 0 if done.run is None else done.run.changed


reveal_type(petrec.connect())
reveal_type(petrec.undo(petrec.connect(), 1).moved_on[0].recording_id)
petrec.audit("postgresql://host/db")
petrec.adit(petrec.connect())
"""


@pytest.mark.long
def test_a_users_program_is_typed(tmp_path: Path) -> None:
    """It sees the types of everything, and the two mistakes at its end are found."""
    # With the settings and the cache of `make check`, which is strict, petrec is not read again.
    settings = ["--config-file", str(ROOT / "pyproject.toml")]
    settings += ["--cache-dir", str(ROOT / ".mypy_cache")]
    (tmp_path / "job.py").write_text(TYPED, encoding="utf-8")
    ended = subprocess.run(
        [sys.executable, "-m", "mypy", *settings, "job.py"],
        cwd=tmp_path, env=environment(MYPYPATH=str(ROOT)), text=True, capture_output=True,
        check=False,
    )  # fmt: skip
    lines = [line.partition(": ")[2] for line in ended.stdout.splitlines()]
    assert lines[:-1] == [
        'note: Revealed type is "petrec.operations.session.Session"',
        'note: Revealed type is "str"',
        'error: Argument 1 to "audit" has incompatible type "str"; expected "Session"  [arg-type]',
        'error: Module has no attribute "adit"; maybe "audit"?  [attr-defined]',
    ], ended.stdout


@pytest.mark.full
def test_a_users_program_is_typed_for_pyright_too(tmp_path: Path) -> None:
    (tmp_path / "job.py").write_text(TYPED, encoding="utf-8")
    settings = {"typeCheckingMode": "strict", "extraPaths": [str(ROOT)], "pythonVersion": "3.11"}
    (tmp_path / "pyrightconfig.json").write_text(json.dumps(settings))
    ended = subprocess.run(
        [sys.executable, "-m", "basedpyright", "--outputjson", "--pythonpath", sys.executable,
         "job.py"],
        cwd=tmp_path, env=environment(), text=True, capture_output=True, check=False,
    )  # fmt: skip
    found = [(each["severity"], each["message"].partition("\n")[0])
             for each in json.loads(ended.stdout)["generalDiagnostics"]]  # fmt: skip
    assert found == [
        ("information", 'Type of "petrec.connect()" is "Session"'),
        ("information",
         'Type of "petrec.undo(petrec.connect(), 1).moved_on[0].recording_id" is "str"'),
        ("error", "Argument of type \"Literal['postgresql://host/db']\" cannot be assigned to "
                  'parameter "session" of type "Session" in function "audit"'),
        ("error", 'Type of "adit" is unknown'),
        ("error", '"adit" is not a known attribute of module "petrec"'),
    ], ended.stdout  # fmt: skip
