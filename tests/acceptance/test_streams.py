"""Closed, full and unread standard streams: never an exit code that means an answer."""

import subprocess
import sys
from pathlib import Path

import pytest

from petrec.cli import app
from petrec.cli import main as process
from petrec.errors import ExitCode
from tests.plugins.command import Petrec, environment
from tests.plugins.databases import Database
from tests.plugins.forks import Forks

READERS = (
    "audit",
    "audit --format json",
    "audit --rows ok",
    "audit --rows missing_ambiguous --format jsonl",
    "backfill",
    "backfill --sql",
    "runs list",
    "constraints plan",
    "constraints plan --sql",
    "constraints status",
    "report --no-history",
    "review status",
    "validate",
    "validate --format junit",
)
# An interpreter that starts, as it does where a stream is closed.
STARTED = f"{sys.executable} -m petrec"
TEXTS = ("--version", "--help", "audit --help", "backfill --help", "constraints apply --help")


def run(
    command: str, redirection: str, dsn: str, directory: Path, program: str = STARTED
) -> tuple[int, str]:
    """Run a command in a shell; returns its exit code and what standard error got."""
    ended = subprocess.run(
        ["bash", "-c", f"exec {program} {command} {redirection}"], cwd=directory,
        env=environment(PETREC_DATABASE_URL=dsn), text=True,
        stdin=subprocess.DEVNULL, capture_output=True, check=False,
    )  # fmt: skip
    assert "Traceback" not in ended.stderr
    return ended.returncode, ended.stderr


@pytest.fixture
def forked(forks: Forks, tmp_path: Path) -> str:
    """A program that is `petrec` where all three streams are open."""
    forks.write_program(tmp_path / "petrec")
    return str(tmp_path / "petrec")


@pytest.mark.few(3)
@pytest.mark.parametrize("command", [*READERS, *TEXTS])
def test_a_full_device_is_said_and_ends_in_3(
    clinic: Database, tmp_path: Path, forked: str, command: str
) -> None:
    said = "petrec: cannot write the output: No space left on device\n"
    assert run(command, "> /dev/full", clinic.dsn, tmp_path, forked) == (3, said)


@pytest.mark.few(1)
@pytest.mark.parametrize("command", ["audit", "audit --rows ok", "backfill", "--help"])
def test_a_reader_that_has_gone_ends_the_command_quietly(
    clinic: Database, tmp_path: Path, command: str
) -> None:
    script = f"{sys.executable} -m petrec {command} | true; exit ${{PIPESTATUS[0]}}"
    ended = subprocess.run(
        ["bash", "-c", script], cwd=tmp_path, env=environment(PETREC_DATABASE_URL=clinic.dsn),
        stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (ended.returncode, ended.stderr) == (141, "")


@pytest.mark.few(2)
@pytest.mark.parametrize("command", ["audit", "runs list", "constraints plan --sql", "--version"])
def test_closed_standard_output_ends_in_3(clinic: Database, tmp_path: Path, command: str) -> None:
    code, said = run(command, ">&-", clinic.dsn, tmp_path)
    assert code == 3
    assert said.startswith("petrec: cannot write the output: ")


@pytest.mark.few(1)
@pytest.mark.parametrize("redirection", ["2>&-", "2> /dev/full", "<&- 2>&-"])
def test_closed_standard_error_changes_no_exit_code(
    clinic: Database, petrec: Petrec, tmp_path: Path, redirection: str
) -> None:
    clinic.execute("DELETE FROM recordings WHERE pet_id IS NULL")
    for command in ("audit", "validate", "review status"):
        plain = petrec(*command.split(), dsn=clinic.dsn).code
        assert run(command, redirection, clinic.dsn, tmp_path)[0] == plain
    assert run("audit --dsn host=/nowhere", redirection, "", tmp_path)[0] == 3
    assert run("audit --nonesuch", redirection, "", tmp_path)[0] == 2


def test_all_streams_closed_still_answers_by_the_exit_code(
    clinic: Database, tmp_path: Path
) -> None:
    file = tmp_path / "audit.json"
    command = f"audit --format json --output {file}"
    assert run(command, "<&- >&- 2>&-", clinic.dsn, tmp_path)[0] == 1
    assert file.read_text().startswith("{")


def test_closed_standard_input_is_no_terminal(clinic: Database, tmp_path: Path) -> None:
    for command in ("backfill --apply", "constraints apply --group indexes"):
        code, said = run(command, "<&-", clinic.dsn, tmp_path)
        assert (code, "there is no terminal to ask for confirmation" in said) == (2, True)
    assert clinic.execute("SELECT to_regnamespace('petrec')") == [(None,)]


@pytest.mark.parametrize("error", [KeyError("secret"), AssertionError(), OSError(5, "secret")])
def test_an_unforeseen_error_is_undetermined(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    def fail(**_: object) -> None:
        raise error

    monkeypatch.setattr(app, "app", fail)
    monkeypatch.setattr(sys, "argv", ["petrec", "audit"])
    assert process._outcome() is ExitCode.UNDETERMINED
    said = capsys.readouterr().err
    assert type(error).__name__ in said
    assert "please report it" in said
    assert "secret" not in said
    assert "File " not in said
    monkeypatch.setattr(sys, "argv", ["petrec", "audit", "-v", "--verbose"])
    assert process._outcome() is ExitCode.UNDETERMINED
    assert "File " in capsys.readouterr().err


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "content",
    ["[tool]\npetrec = 5\n", '[tool]\npetrec = ["a"]\n', "[tool.petrec]\nmapping = 5\n",
     "[tool.petrec.mapping]\ntables = 5\n", "[tool.petrec.validate]\nrules = 1\n",
     "[tool.petrec]\nnonesuch = 1\n", "[tool.petrec\n", "\x00"],
)  # fmt: skip
def test_malformed_settings_are_told_with_their_file(
    tmp_path: Path, forked: str, content: str
) -> None:
    (tmp_path / "pyproject.toml").write_text(content)
    code, said = run("audit", "", "host=/nowhere", tmp_path, forked)
    assert code == 2
    assert said.startswith("petrec: pyproject.toml")
