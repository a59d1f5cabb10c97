"""`petrec --help` beside the smallest Typer program's: user and system time of whole processes."""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

HELLO = """import typer
app = typer.Typer()
@app.command()
def hello(name: str = "you") -> None:
    print(f"hello {name}")
if __name__ == "__main__":
    app()
"""
RUNS = 15


def run() -> None:
    """Print the ratio of the medians, pairs taken in turn."""
    with tempfile.TemporaryDirectory() as directory:
        hello = Path(directory) / "hello.py"
        hello.write_text(HELLO)
        ours_and_theirs = (["-m", "petrec"], [str(hello)])
        commands = [[sys.executable, *each, "--help"] for each in ours_and_theirs]
        for command in commands:
            _seconds(command)
        pairs = [[_seconds(command) for command in commands] for _ in range(RUNS)]
    ours, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    print(f"petrec --help {ours:.3f} s, Typer hello --help {theirs:.3f} s: {ours / theirs:.2f}x")
    if ours > 1.5 * theirs:
        raise SystemExit("the help takes more than 1.5x of a bare Typer program's")


def _seconds(command: list[str]) -> float:
    before = os.times()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
