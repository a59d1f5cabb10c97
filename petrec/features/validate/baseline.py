"""The file of known findings: text, sorted, one finding per line, meant to be committed.

A line is a kind and a fingerprint, which is a hash: the file reveals nothing of the recordings.
The header names the table and the type of its ids, without which the hashes mean nothing.
"""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

from petrec.errors import SettingsError
from petrec.files import open_text
from petrec.fingerprints import DIGITS, Fingerprint
from petrec.phrases import Phrase, Phrased
from petrec.rules import FINDINGS
from petrec.schema import Schema

_TITLE = "# petrec baseline 1"
_ENTRY = re.compile(rf"([a-z_]+) ([0-9a-f]{{{DIGITS}}})")
_KINDS = frozenset(kind.id for kind in FINDINGS)
_HINT = Phrased(Phrase.BASELINE_MADE_ANEW)


def identity(schema: Schema) -> str:
    """Return the line that names the table of the fingerprints."""
    table = schema.tables.recordings
    column = table.c.id
    return f"# {table.fullname}.{column.name} {column.type}"


class Baseline:
    """A baseline file, which may not exist yet."""

    def __init__(self, path: Path, schema: Schema) -> None:
        self.path = path
        self.header = f"{_TITLE}\n{identity(schema)}\n"

    @contextmanager
    def entries(self, *, replacing: bool = False) -> Iterator[Iterator[Fingerprint]]:
        """Yield the entries in order; errors: SettingsError.

        A file that will be replaced may be absent, or damaged by a merge: it counts as empty.
        """
        try:
            file = open_text(self.path)
        except OSError as error:
            if replacing and isinstance(error, FileNotFoundError):
                yield iter(())
                return
            reason = f"cannot read the baseline {self.path}: {error.strerror}"
            raise SettingsError(reason, hint=Phrased(Phrase.BASELINE_MADE_BY)) from error
        with file:
            self._check_header(file)
            start = file.tell()
            usable = not replacing or self._is_sound(file)
            file.seek(start)
            yield self._parsed(file) if usable else iter(())

    def _is_sound(self, file: TextIO) -> bool:
        try:
            for _ in self._parsed(file):
                pass
        except SettingsError:
            return False
        return True

    def write_header(self, out: TextIO) -> None:
        """Begin a new file."""
        out.write(self.header)

    def _check_header(self, file: TextIO) -> None:
        title, owner = _line(file.readline()), _line(file.readline())
        if title != _TITLE:
            self._refuse("is not a baseline that this petrec can read", "name another file")
        if f"{title}\n{owner}\n" != self.header:
            expected = self.header.splitlines()[1].removeprefix("# ")
            reason = f"is of {owner.removeprefix('# ')!r}, not of {expected!r}"
            self._refuse(reason, "use a separate baseline for each mapping")

    def _parsed(self, file: TextIO) -> Iterator[Fingerprint]:
        last = Fingerprint("", "")
        for number, line in enumerate(file, start=3):
            if not line.strip():
                continue
            found = _ENTRY.fullmatch(_line(line))
            if found is None or found[1] not in _KINDS:
                self._refuse(f"line {number} is not a finding: {_line(line)[:40]!r}", _HINT)
                return
            entry = Fingerprint(found[1], found[2])
            if entry < last:
                self._refuse(f"line {number} is out of order", _HINT)
            last = entry
            yield entry

    def _refuse(self, reason: str, hint: str) -> None:
        raise SettingsError(f"the baseline {self.path} {reason}", hint=hint)


def _line(text: str) -> str:
    """Return the line without its end, which git may have changed."""
    return text.rstrip("\r\n")
