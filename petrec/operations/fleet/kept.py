"""The outcomes of an unfinished fleet, in a file: what `resume` needs not do again."""

import os
from collections.abc import Sequence
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock

import msgspec

from petrec.errors import UsageError
from petrec.file_lock import locked
from petrec.files import PRIVATE, read_text, write_failed
from petrec.operations.fleet.result import TargetOutcome

DEFAULT = Path(".petrec-fleet.jsonl")


@dataclass
class KeptOutcomes:
    """A file with the command on its first line, and an outcome on each further line."""

    path: Path
    words: Sequence[str]
    _lock: Lock = field(default_factory=Lock, repr=False)

    def locked(self) -> AbstractContextManager[None]:
        """Keep other fleets from the file: theirs would be taken for outcomes of this command."""
        return locked(self.path, "fleet", "wait for it, or name another file for the state")

    def read(self) -> dict[str, TargetOutcome]:
        """Return the finished outcomes by target; errors: UsageError for another command's."""
        try:
            # JSON keeps characters, such as U+2028, that end a line for `splitlines`.
            first, *lines = read_text(self.path).split("\n")
        except FileNotFoundError:
            return {}
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read {self.path}", hint="start without resume") from error
        self._check_command(first)
        outcomes: dict[str, TargetOutcome] = {}
        for line in lines:
            # A line that a crash cut off is not an outcome.
            with suppress(msgspec.DecodeError, msgspec.ValidationError):
                outcome = msgspec.json.decode(line, type=TargetOutcome)
                outcomes[outcome.target] = outcome
        return {name: each for name, each in outcomes.items() if each.finished}

    def start(self, finished: Sequence[TargetOutcome]) -> None:
        """Write the file again, with these outcomes; errors: OutputError."""
        lines = [msgspec.json.encode(list(self.words)), *map(msgspec.json.encode, finished)]
        self._write(b"".join(line + b"\n" for line in lines), os.O_TRUNC)

    def add(self, outcome: TargetOutcome) -> None:
        """Add an outcome; errors: OutputError."""
        with self._lock:
            self._write(msgspec.json.encode(outcome) + b"\n", os.O_APPEND)

    def remove(self) -> None:
        """Delete the file: nothing is left to resume."""
        with suppress(OSError):
            self.path.unlink()

    def _write(self, content: bytes, how: int) -> None:
        try:
            handle = os.open(self.path, os.O_WRONLY | os.O_CREAT | how, PRIVATE)
            with os.fdopen(handle, "wb") as file:
                file.write(content)
        except OSError as error:
            raise write_failed(self.path, error) from error

    def _check_command(self, line: str) -> None:
        try:
            words = msgspec.json.decode(line, type=list[str])
        except (msgspec.DecodeError, msgspec.ValidationError):
            raise UsageError(f"{self.path} is not a file of a fleet's outcomes") from None
        if words != list(self.words):
            raise UsageError(
                f"{self.path} has the outcomes of another command: {' '.join(words)}",
                hint="repeat that command, or start without resume",
            )
