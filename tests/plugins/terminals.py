"""A command as it looks at a terminal of some width."""

import os
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.plugins.command import environment
from tests.plugins.forks import Forks

_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")


@dataclass(frozen=True)
class Screen:
    """Terminals of any width; the commands at one of them share a directory."""

    forks: Forks
    directory: Path

    def beside(self, width: int) -> Path:
        """Return the directory of the terminals of a width."""
        path = self.directory / str(width)
        path.mkdir(exist_ok=True)
        return path

    def show(self, *arguments: str, width: int, dsn: str) -> str:
        """Run a command; returns what it shows on standard output, without styles."""
        env = environment(PETREC_DATABASE_URL=dsn, COLUMNS=str(width), TERM="xterm", NO_COLOR="1")
        master, slave = os.openpty()
        process = self.forks.start(arguments, self.beside(width), env, out=slave)
        os.close(slave)
        shown = _read_all(master)
        code, said = process.wait(60), process.stderr.read()
        process.close()
        os.close(master)
        assert code in {0, 1}, said
        text = _ESCAPES.sub("", shown).replace(str(self.directory), "/srv/petrec")
        return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


@pytest.fixture(scope="module")
def screen(forks: Forks, tmp_path_factory: pytest.TempPathFactory) -> Screen:
    """Terminals whose directories are the module's own."""
    return Screen(forks, tmp_path_factory.mktemp("screen"))


def _read_all(master: int) -> str:
    """Read until the last process has closed its end of the terminal."""
    parts: list[bytes] = []
    while True:
        try:
            part = os.read(master, 65536)
        except OSError:
            break
        if not part:
            break
        parts.append(part)
    return b"".join(parts).decode()
