"""What a command says and returns if it is interrupted while it handles an interrupt."""

import pytest
import typer

from petrec.cli import main
from petrec.cli.backfill.limits import Writing
from petrec.cli.driving import driving
from petrec.errors import DatabaseError, ExitCode, PetrecError


class StoppedError(PetrecError):
    """The end of a run that is continued by a command."""

    exit_code = ExitCode.INTERRUPTED


def fail(error: BaseException | type[BaseException]) -> None:
    raise error


def fail_while_handling(first: type[BaseException], second: Exception) -> None:
    """Fail as a rollback does on a connection whose query still runs."""
    try:
        fail(first)
    except first:
        try:
            fail(OSError("another command is already in progress"))
        except OSError:
            raise second from None


FORESEEN, UNFORESEEN = DatabaseError("another command is in progress"), RuntimeError("is stopped")


@pytest.mark.parametrize("second", [FORESEEN, UNFORESEEN])
def test_an_error_after_an_interrupt_is_the_interrupt(
    second: Exception, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(main, "_command", lambda: fail_while_handling(KeyboardInterrupt, second))
    assert main._outcome() == ExitCode.INTERRUPTED
    assert capsys.readouterr().err == "petrec: interrupted\n"


@pytest.mark.parametrize(
    ("second", "words"),
    [(FORESEEN, "another command is in progress"), (UNFORESEEN, "RuntimeError")],
)
def test_an_error_after_another_error_is_itself(
    second: Exception, words: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    monkeypatch.setattr(main, "_command", lambda: fail_while_handling(ValueError, second))
    assert main._outcome() == ExitCode.UNDETERMINED
    assert words in capsys.readouterr().err


def test_an_error_that_names_the_next_step_of_an_interrupted_run_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = StoppedError("interrupted", hint="petrec runs resume 1")
    monkeypatch.setattr(main, "_command", lambda: fail_while_handling(KeyboardInterrupt, stopped))
    assert main._outcome() == ExitCode.INTERRUPTED
    assert "next: petrec runs resume 1" in capsys.readouterr().err


def test_a_run_is_resumed_by_the_same_command_after_a_second_interrupt(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    context = typer.Context(typer.main.get_command(typer.Typer(callback=lambda: None)))

    def drive() -> None:
        with driving(context, Writing(quiet=True)) as shown:
            shown.unfinished = 7
            fail_while_handling(KeyboardInterrupt, FORESEEN)

    monkeypatch.setattr(main, "_command", drive)
    assert main._outcome() == ExitCode.INTERRUPTED
    said = capsys.readouterr().err
    assert said.startswith("petrec: interrupted\n  next: to resume: petrec runs resume 7;")
