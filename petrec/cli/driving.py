"""Commands that drive a run: their question, and the command that resumes an early end."""

import shlex
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import fields
from enum import Enum
from typing import TYPE_CHECKING, Any

import typer

from petrec.cli.backfill.limits import Writing
from petrec.cli.options import Connect
from petrec.cli.progress import Activity, activity
from petrec.cli.session import CommandSession
from petrec.errors import ExitCode, PetrecError, follows_interrupt
from petrec.phrases import Joined

if TYPE_CHECKING:
    from petrec.operations.callbacks import Confirm
    from petrec.operations.callbacks import T as Asked


class RunInterruptedError(PetrecError):
    """A person or a supervisor ended the command before its run was done."""

    exit_code = ExitCode.INTERRUPTED


@contextmanager
def driving(context: typer.Context, writing: Writing) -> Iterator[Activity]:
    """Show a run's progress; if it ends early, the error names the command that resumes it."""
    with activity(quiet=writing.quiet) as shown:
        try:
            yield shown
        except (KeyboardInterrupt, PetrecError) as error:
            if shown.unfinished is None:
                raise
            step = _go_on(context, shown.unfinished)
            if isinstance(error, KeyboardInterrupt) or follows_interrupt(error):
                raise RunInterruptedError("interrupted", hint=step) from None
            error.hint = Joined("; ", [*filter(None, [error.hint]), step])
            raise


def asking(
    session: CommandSession,
    shown: Activity,
    writing: Writing,
    question: Callable[["Asked"], str],
) -> "Confirm[Asked] | None":
    """Return what asks a person for the plan, in a question made from it; None with --yes."""
    if writing.yes:
        return None
    return lambda plan: shown.aside(session.ask, question(plan))


def _go_on(context: typer.Context, run: int) -> str:
    words = ["petrec", "runs", "resume", str(run), *_given_options(context)]
    command = shlex.join(words)
    return f"to resume: {command}; to abandon the run: petrec runs abandon {run}"


def _given_options(context: typer.Context) -> Iterator[str]:
    """Yield the options of this command line that resuming the run takes as well."""
    shared = {field.name for bundle in (Writing, Connect) for field in fields(bundle)}
    for parameter in context.command.params:
        name = str(parameter.name)
        source = context.get_parameter_source(name)
        if name in shared and source is not None and source.name == "COMMANDLINE":
            yield from _as_words(parameter, context.params[name])


def _as_words(parameter: Any, value: Any) -> Iterator[str]:
    option = max(parameter.opts, key=len)
    if isinstance(value, bool):
        yield option
    elif parameter.count:
        yield from [option] * value
    else:
        from petrec.postgres.dsn import without_secrets

        text = without_secrets(value) if parameter.name == "dsn" else value
        yield from (option, str(text.value if isinstance(text, Enum) else text))
