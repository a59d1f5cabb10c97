"""Ask before writing: on a terminal a question, elsewhere only with --yes."""

import sys

from petrec.errors import DeclinedError, UsageError


def ask(question: str) -> bool:
    """Return whether the answer is yes; errors: UsageError where there is no terminal."""
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        raise UsageError("there is no terminal to ask on", hint="give --yes to write unattended")
    sys.stderr.write(f"{question} [y/N] ")
    sys.stderr.flush()
    return sys.stdin.readline().strip().lower() in {"y", "yes"}


def confirm(question: str, *, yes: bool) -> None:
    """Return where the answer is yes; errors: UsageError, DeclinedError."""
    if not yes and not ask(question):
        raise DeclinedError
