"""Commands that are listed from a table and imported when they are called: help answers at once."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any

import typer
import typer.main
from typer.core import TyperCommand, TyperGroup

from petrec.cli.values import convert_plainly


@dataclass(frozen=True)
class Entry:
    """A command: its summary for the list, and `module:name` of its function or Typer app."""

    summary: str
    target: str
    # Whether its first argument is another command, to which all options after it belong.
    takes_command: bool = False

    def load(self, name: str) -> Any:
        """Import the command and build it."""
        module, attribute = self.target.split(":")
        found = getattr(import_module(module), attribute)
        if isinstance(found, typer.Typer):
            group = typer.main.get_group(found)
            group.name = name
            return group
        single = typer.Typer(add_completion=False)
        single.command(name, context_settings={"allow_interspersed_args": not self.takes_command})(
            found
        )
        return typer.main.get_command(single)


class LazyGroup(TyperGroup):
    """A group over `entries`; a subclass names them."""

    entries: dict[str, Entry]

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        for name, entry in self.entries.items():
            self.add_command(TyperCommand(name, help=entry.summary), name)

    def parse_args(self, ctx: Any, args: list[str]) -> Any:
        """Read the options before the command; Typer adds those of the completion late."""
        convert_plainly(self, ctx)
        return super().parse_args(ctx, args)

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Replace the summary by the real command before it is called."""
        if args[0] in self.entries:
            self.load(args[0])
            found = self.commands[args[0]]
            for command in (found, *getattr(found, "commands", {}).values()):
                convert_plainly(command, ctx)
        return super().resolve_command(ctx, args)

    def load(self, name: str) -> None:
        """Import one command."""
        self.add_command(self.entries[name].load(name), name)
