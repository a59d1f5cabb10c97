"""The command line of a command that a fleet runs: found, checked once, and given options."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import typer.main

from petrec.cli.lazy import LazyGroup
from petrec.errors import UsageError

_COMMANDS = (
    "audit", "backfill", "constraints", "doctor", "report", "review export", "review status",
    "runs", "validate",
)  # fmt: skip
# The options that name one target.
_OF_THE_FLEET = ("dsn", "service", "schema", "config", "verbose")
# Files that are read, so that all targets may have the same.
_READ = frozenset({"config", "expect", "from_file", "plan"})


@dataclass(frozen=True)
class FleetCommand:
    """A command as its words, of which the first `length` are its name."""

    words: tuple[str, ...]
    length: int
    command: Any

    @classmethod
    def find(cls, words: Sequence[str]) -> "FleetCommand":
        """Return the command that the words name; errors: UsageError."""
        from petrec.cli.app import app

        node: Any = typer.main.get_group(app)
        length = 0
        while hasattr(node, "commands") and length < len(words) and words[length] in node.commands:
            if isinstance(node, LazyGroup) and words[length] in node.entries:
                node.load(words[length])
            node = node.commands[words[length]]
            length += 1
        name = " ".join(words[:length])
        if hasattr(node, "commands") or not f"{name} ".startswith(
            tuple(f"{c} " for c in _COMMANDS)
        ):
            wrong = " ".join(words[: length + 1]) or "no command"
            raise UsageError(f"{wrong}: not for a fleet", hint=f"one of: {', '.join(_COMMANDS)}")
        return cls(tuple(words), length, node)

    @property
    def name(self) -> str:
        """Return the name of the command."""
        return " ".join(self.words[: self.length])

    def with_options(self, options: Mapping[str, str]) -> tuple[str, ...]:
        """Return the words with options added after the name."""
        added = [word for pair in options.items() for word in pair]
        return (*self.words[: self.length], *added, *self.words[self.length :])

    def parse(self) -> "ParsedCommand":
        """Parse the options once, before any target is started; errors: click's UsageError."""
        arguments = list(self.words[self.length :])
        with self.command.make_context(f"petrec {self.name}", arguments) as context:
            given = {
                name
                for name in context.params
                if (source := context.get_parameter_source(name)) and source.name == "COMMANDLINE"
            }
            return ParsedCommand(self, dict(context.params), frozenset(given))


@dataclass(frozen=True)
class ParsedCommand:
    """A command with the values of its options, and the names of those that were given."""

    line: FleetCommand
    values: Mapping[str, Any]
    given: frozenset[str]

    def check(self) -> None:
        """Refuse options that belong before the command; errors: UsageError."""
        for name in _OF_THE_FLEET:
            if name in self.given:
                hint = f"petrec fleet --{name} ... {self.line.name}"
                raise UsageError(f"--{name} belongs before {self.line.name}", hint=hint)
        # What a command prints is not shown, unless each target's goes to a file of its own.
        if "output_format" in self.given and "output" not in self.given:
            hint = f"petrec fleet --format ... {self.line.name}; or name a file: --output FILE"
            raise UsageError(f"--format belongs before {self.line.name}", hint=hint)

    @property
    def asks(self) -> bool:
        """Return whether the command would ask before it writes."""
        writes = self.values.get("apply", True) and self.values.get("plan") is not True
        return self.values.get("yes") is False and writes

    @property
    def files(self) -> tuple[str, ...]:
        """Return the files that the command writes, as they were given."""
        given = (value for name, value in self.values.items() if name in self.given - _READ)
        listed = (value if isinstance(value, (list, tuple)) else (value,) for value in given)
        return tuple(str(each) for values in listed for each in values if isinstance(each, Path))

    @property
    def page(self) -> Path | None:
        """Return the page that the command writes for each target, as it was given."""
        page = self.values.get("html")
        return page if isinstance(page, Path) else None

    def completed(self, baseline: str) -> FleetCommand:
        """Return the command with a file of its own for each target where it needs one.

        `baseline` is that of the settings.
        """
        values = self.values
        needed: dict[str, str] = {}
        alternatives = ("history", "record", "no_history", "from_file")
        if self.line.name == "report" and self.given.isdisjoint(alternatives):
            needed["--history"] = "petrec-history/{target}.txt"
        exports = self.line.name == "backfill" and values["apply"] and values["plan"] is None
        if exports and "export" not in self.given:
            needed["--export"] = "reports/{target}/ambiguous.csv"
        unset = self.line.name == "validate" and self.given.isdisjoint(("baseline", "no_baseline"))
        if unset and baseline and values["since"] is None:
            needed["--baseline"] = baseline
        words = self.line.with_options(needed)
        if self.line.name == "review export" and not values["files"]:
            words = (*words, "reports/{target}/review.csv")
        return FleetCommand(words, self.line.length, self.line.command)
