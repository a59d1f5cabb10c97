"""A start beside what its libraries cost: user and system time of whole processes, in turns.

`petrec --help` beside the smallest Typer program's, `petrec audit` of an empty database beside a
program that imports the same libraries and asks one question.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import psycopg

from benchmarks.clinics import server
from petrec.demo.clinic import create

HELLO = """import typer
app = typer.Typer()
@app.command()
def hello(name: str = "you") -> None:
    print(f"hello {name}")
if __name__ == "__main__":
    app()
"""
BARE = """import os, psycopg, rich.console, rich.table, sqlalchemy, typer
url = os.environ["PETREC_DATABASE_URL"].replace("postgresql:", "postgresql+psycopg:")
with sqlalchemy.create_engine(url).connect() as connection:
    connection.execute(sqlalchemy.text("SELECT 1"))
"""
RUNS = 15


def run() -> None:
    """Print the ratios of the medians; 1 where one is too high."""
    helped = _ratio("--help", HELLO, "--help")
    with server() as cluster:
        with psycopg.connect(cluster.dsn()) as connection:
            create(connection, recordings=200)
            connection.execute("TRUNCATE recordings")
        os.environ["PETREC_DATABASE_URL"] = cluster.dsn()
        audited = _ratio("audit", BARE)
    if helped > 1.5 or audited > 1.25:
        raise SystemExit("a start costs more than 1.5x (help) or 1.25x (audit) of its libraries")


def _ratio(command: str, bare: str, *options: str) -> float:
    """Run a command and a bare program in turns; returns the ratio of their medians."""
    with tempfile.TemporaryDirectory() as directory:
        program = Path(directory) / "bare.py"
        program.write_text(bare)
        ours = [sys.executable, "-m", "petrec", command]
        commands = ours, [sys.executable, str(program), *options], [sys.executable, "-c", ""]
        for each in commands:
            _seconds(each)
        turns = [[_seconds(each) for each in commands] for _ in range(RUNS)]
    mine, theirs, empty = (statistics.median(column) for column in zip(*turns, strict=True))
    print(f"petrec {command} {mine:.3f} s, bare program {theirs:.3f} s: {mine / theirs:.2f}x")
    print(f"Python alone {empty:.3f} s: {mine - empty:.3f} s more")
    return mine / theirs


def _seconds(command: list[str]) -> float:
    before = os.times()
    # An audit of no rows ends with 5.
    subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )
