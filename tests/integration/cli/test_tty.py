"""At a terminal petrec asks and shows progress; elsewhere it does neither."""

import sys
from collections.abc import Callable
from pathlib import Path

import pexpect
import pytest

from tests.plugins.command import Petrec, environment
from tests.plugins.databases import Database

Terminal = Callable[..., "pexpect.spawn[str]"]


@pytest.fixture
def terminal(clinic: Database, tmp_path: Path) -> Terminal:
    def start(*arguments: str) -> "pexpect.spawn[str]":
        env = environment(PETREC_DATABASE_URL=clinic.dsn, TERM="xterm", COLUMNS="120")
        # Python warns that a process with threads forks; pexpect can only fork.
        return pexpect.spawn(
            sys.executable, ["-m", "petrec", *arguments], cwd=tmp_path, env=env, encoding="utf-8",
            timeout=60, dimensions=(40, 120),
        )  # fmt: skip

    return start


def finish(child: "pexpect.spawn[str]") -> tuple[str, int | None]:
    child.expect(pexpect.EOF)
    child.close()
    return child.before or "", child.exitstatus


def test_the_answer_no_writes_nothing(terminal: Terminal, clinic: Database) -> None:
    child = terminal("backfill", "--apply")
    child.expect(f"{clinic.name} on 127.0.0.1 as postgres: ")
    child.expect("Set the pet of 395 recordings in public.recordings")
    child.sendline("n")
    shown, code = finish(child)
    assert code == 0
    assert "Nothing was written." in shown
    assert clinic.execute("SELECT to_regnamespace('petrec')") == [(None,)]


def test_yes_writes_and_shows_progress(terminal: Terminal, clinic: Database) -> None:
    child = terminal("backfill", "--apply")
    child.expect("Set the pet of 395")
    child.sendline("y")
    shown, code = finish(child)
    assert code == 0
    assert "rows/s" in shown
    assert clinic.execute("SELECT count(*) FROM petrec.changes") == [(395,)]


def test_no_progress_off_a_terminal(petrec: Petrec, clinic: Database) -> None:
    for arguments in (("audit",), ("backfill", "--apply", "--yes")):
        assert petrec(*arguments, dsn=clinic.dsn).err == ""


def test_color_is_for_terminals_that_want_it(terminal: Terminal) -> None:
    shown, _ = finish(terminal("audit"))
    assert "\x1b[" in shown
