"""What a command says and returns if it is interrupted while it handles an interrupt."""

import pytest

from petrec.cli import main
from petrec.errors import DatabaseError, ExitCode, PetrecError


class StoppedError(PetrecError):
    """The end of a run that is continued by a command."""

    exit_code = ExitCode.INTERRUPTED


def fail(error: BaseException | type[BaseException]) -> None:
    raise error


def fail_while_handling(first: type[BaseException], second: PetrecError) -> None:
    """Fail as a rollback does on a connection whose query still runs."""
    try:
        fail(first)
    except first:
        try:
            fail(OSError("another command is already in progress"))
        except OSError:
            raise second from None


@pytest.mark.parametrize(
    ("first", "code", "words"),
    [
        (KeyboardInterrupt, ExitCode.INTERRUPTED, "petrec: interrupted\n"),
        (ValueError, ExitCode.UNDETERMINED, "petrec: another command is already in progress\n"),
    ],
)
def test_an_error_after_an_interrupt_is_the_interrupt(
    first: type[BaseException], code: ExitCode, words: str,
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str],
) -> None:  # fmt: skip
    refused = DatabaseError("another command is already in progress")
    monkeypatch.setattr(main, "_command", lambda: fail_while_handling(first, refused))
    assert main._outcome() == code
    assert capsys.readouterr().err == words


def test_an_error_that_names_the_next_step_of_an_interrupted_run_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    stopped = StoppedError("interrupted", hint="petrec runs resume 1")
    monkeypatch.setattr(main, "_command", lambda: fail_while_handling(KeyboardInterrupt, stopped))
    assert main._outcome() == ExitCode.INTERRUPTED
    assert "next: petrec runs resume 1" in capsys.readouterr().err
