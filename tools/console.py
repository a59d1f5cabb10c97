"""Run the console blocks of the documents, and update their output.

A page with the line `<!-- console: clinic -->` is one session at a terminal of 80 columns, with a
database of its own that holds the damaged clinic. Every line of a ```console block that begins
with `$ ` is run; what follows it, up to the next command, is its output. Beside these, a page may
hold:

- `<!-- $ COMMAND -->`: run, but not shown;
- `$ export PETREC_DATABASE_URL=postgresql://ROLE@db.example/clinic`: from here on as that role;
- `<!-- console: off -->` before a block: not run;
- ```sql blocks: run by the owner of the clinic.
"""

import os
import re
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg

from petrec.demo import server, wheel

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md"))]
CLINIC = ROOT / "tests" / "data" / "clinic.sql"
_MARK = "<!-- console: clinic -->"
_BLOCK = re.compile(
    r"(?P<off><!-- console: off -->\n+)?^```(?P<kind>console|sql)\n(?P<text>.*?)^```$"
    r"|^<!-- \$ (?P<hidden>.*?) -->$",
    re.MULTILINE | re.DOTALL,
)
_ROLE = re.compile(r"export PETREC_DATABASE_URL=postgresql://(\w+)@db\.example/clinic")
_USER = re.compile(r"//\w+@")
# What differs from run to run: moments, durations, rates, process ids, hashes, file names.
_VARYING = [
    (re.compile(r"\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|\+00(:00)?)?"), "MOMENT"),
    (re.compile(r"\d{8}T\d{6}Z"), "MOMENT"),
    (re.compile(r"\b\d{4}-\d\d-\d\d\b"), "DAY"),
    (re.compile(r"\b[\d,]+(\.\d+)? (ms|s|rows/s|kB|MB)\b"), "AMOUNT"),
    (re.compile(r"[\d.,]+ +│[^│]*│ \d+ rows, [^│]*"), "RATE"),
    (re.compile(r"PostgreSQL \d+\.\d+"), "SERVER"),
    (re.compile(r"laptop:\d+"), "CLIENT"),
    (re.compile(r"\b[0-9a-f]{12,}\b"), "HASH"),
    (re.compile(r" +"), " "),
    (re.compile(r"[─━]+"), "─"),
]


@dataclass
class Terminal:
    """Where the commands of one page run; `owner` is the URL of the clinic's owner."""

    owner: str
    directory: Path
    programs: Path = Path(sys.executable).parent
    url: str = ""

    def run(self, command: str) -> str:
        """Run a command; returns both of its streams as they come."""
        if found := _ROLE.fullmatch(command):
            self.url = _USER.sub(f"//{found[1]}@", self.owner)
            return ""
        environment = {
            "PATH": f"{self.programs}:{os.environ['PATH']}",
            "HOME": str(self.directory),
            "LANG": "C.UTF-8",
            "COLUMNS": "80",
            "NO_COLOR": "1",
            "PYTHONPATH": str(ROOT),
            "PETREC_DATABASE_URL": self.url or self.owner,
        }
        ended = subprocess.run(  # noqa: S603 - the commands are those of petrec's own pages
            ["/bin/bash", "-c", command], cwd=self.directory, env=environment, check=False,
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
        )  # fmt: skip
        shown = ended.stdout.replace(socket.gethostname(), "laptop")
        shown = shown.replace("clinic on this machine as", "clinic on db.example as")
        return "".join(f"{line.rstrip()}\n" for line in shown.splitlines())

    def run_sql(self, statements: str) -> None:
        """Run statements as the owner of the clinic."""
        with psycopg.connect(self.owner, autocommit=True) as connection:
            connection.execute(statements.encode())


def rendered(page: str, terminal: Terminal) -> str:
    """Return the page with the output of its commands as it is now."""

    def replace(found: re.Match[str]) -> str:
        if found["hidden"]:
            terminal.run(found["hidden"])
            return found[0]
        if found["off"]:
            return found[0]
        if found["kind"] == "sql":
            terminal.run_sql(found["text"])
            return found[0]
        return f"```console\n{_session(found['text'], terminal)}```"

    return _BLOCK.sub(replace, page)


def _session(text: str, terminal: Terminal) -> str:
    """Return the commands of a block with their output."""
    commands = re.findall(r"^\$ (?:.*\\\n)*.*\n", text, re.MULTILINE)
    shown = [(command + terminal.run(_bare(command))).rstrip("\n") for command in commands]
    return "\n\n".join(shown) + "\n"


def _bare(command: str) -> str:
    """Return a command as a shell takes it: without its prompt and without a remark at its end."""
    return re.sub(r"\s+# .*$", "", command.removeprefix("$ ").rstrip())


def comparable(page: str) -> str:
    """Return a page without what differs from run to run."""
    for varying, word in _VARYING:
        page = varying.sub(word, page)
    return page


def main() -> None:
    """Update the pages whose output has changed."""
    with serving() as (started, home):
        for page in sessions():
            text = page.read_text(encoding="utf-8")
            new = rendered(text, clinic_terminal(started, home))
            if comparable(new) != comparable(text):
                page.write_text(new, encoding="utf-8")
                sys.stdout.write(f"written: {page.name}\n")


def sessions() -> list[Path]:
    """Return the pages that are a session at a terminal."""
    return [page for page in PAGES if _MARK in page.read_text(encoding="utf-8")]


@contextmanager
def serving() -> Iterator[tuple[server.DemoServer, Path]]:
    """Start a server for clinics; yield it with a directory, both of which end with the block."""
    with tempfile.TemporaryDirectory(prefix="petrec-docs-") as name:
        home = Path(name)
        started = server.start(home / "server")
        try:
            yield started, home
        finally:
            server.remove(home / "server")


def clinic_terminal(started: server.DemoServer, home: Path) -> Terminal:
    """Return a terminal with an empty directory and a clinic that nobody has repaired."""
    url = started.create_database()
    load_clinic(url)
    return Terminal(url, Path(tempfile.mkdtemp(dir=home)))


def load_clinic(url: str) -> None:
    """Fill an empty database with the damaged clinic."""
    programs = Path(str(wheel.load().__file__)).parent / "pginstall" / "bin"
    psql = [str(programs / "psql"), "-qX", "-v", "ON_ERROR_STOP=1", "-o", os.devnull]
    subprocess.run([*psql, "-d", url, "-f", str(CLINIC)], check=True, stdin=subprocess.DEVNULL)  # noqa: S603
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")


if __name__ == "__main__":
    main()
