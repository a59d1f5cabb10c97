"""Files of targets: `{target}` and `{schema}` in a name make it a file of each target's own."""

import re
from collections.abc import Iterable, Sequence
from pathlib import Path

from petrec.errors import UsageError
from petrec.files import make_directory
from petrec.operations.fleet.targets import FleetTarget


def fill(word: str, target: FleetTarget) -> str:
    """Return a word with the target's names for files in it."""
    names = {"{target}": target.file_name, "{schema}": target.schema_file_name}
    return re.sub("{target}|{schema}", lambda place: names[place[0]], word)


def make_places(files: Iterable[str], targets: Sequence[FleetTarget]) -> None:
    """Create the directories of files that targets write.

    Errors: UsageError if two targets would write the same file, OutputError.
    """
    for file in files:
        owners: dict[str, str] = {}
        for target in targets:
            path = fill(file, target)
            other = owners.setdefault(path, target.name)
            if other != target.name:
                raise UsageError(
                    f"{other} and {target.name} would both write {path}",
                    hint="put {target} into its name, or before the command to write one result",
                )
        if "{" in file:
            for path in owners:
                make_directory(Path(path).parent)
