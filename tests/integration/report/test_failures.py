"""Whatever goes wrong, the last good report stays, and the exit code says so."""

import os
import signal
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from petrec.errors import OutputError
from petrec.files import atomic_text
from tests.plugins.binaries import client_program
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.templates import DATA
from tests.plugins.waiting import until

FILES = ("report.html", "report.eml", "report.md", "report.json", "petrec.prom", "history.txt")
ARGUMENTS = (
    "report", "--html", "out/report.html", "--email", "out/report.eml", "--markdown",
    "out/report.md", "--json", "out/report.json", "--prometheus", "out/petrec.prom", "--history",
    "out/history.txt",
)  # fmt: skip
WAITING = """SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
             WHERE NOT l.granted AND a.application_name LIKE 'petrec%%' AND a.datname = %s"""


def contents(directory: Path) -> dict[str, bytes]:
    return {
        path.name: path.read_bytes() for path in directory.iterdir() if ".lock" not in path.name
    }


@pytest.fixture
def good(petrec: Petrec, clinic: Database, out: Path) -> dict[str, bytes]:
    """The files of a report that went well."""
    ended = petrec(*ARGUMENTS, dsn=clinic.dsn)
    assert (ended.code, ended.out, ended.err) == (1, "", "")
    assert contents(out).keys() == set(FILES)
    return contents(out)


def same_but_for_the_metrics(directory: Path, good: dict[str, bytes]) -> None:
    now = contents(directory)
    assert now.keys() == good.keys()
    for name in set(FILES) - {"petrec.prom"}:
        assert now[name] == good[name], name
    assert b'petrec_up{database="' in now["petrec.prom"]
    assert b"} 0\n" in now["petrec.prom"].split(b"petrec_last_run")[0]


def test_a_database_that_fails_leaves_the_old_reports(
    petrec: Petrec, clinic: Database, out: Path, good: dict[str, bytes]
) -> None:
    ended = petrec(*ARGUMENTS, dsn="postgresql://u:hunter2@127.0.0.1:1/x")
    assert (ended.code, ended.out) == (3, "")
    assert "refused" in ended.err
    assert "hunter2" not in ended.err
    same_but_for_the_metrics(out, good)
    clinic.execute("ALTER TABLE recordings RENAME TO gone")
    ended = petrec(*ARGUMENTS, dsn=clinic.dsn)
    assert (ended.code, ended.out) == (2, ""), ended.err
    assert "recordings" in ended.err
    same_but_for_the_metrics(out, good)


def test_a_killed_backend_leaves_the_old_reports(
    spawn: Spawn, clinic: Database, out: Path,
    good: dict[str, bytes],
) -> None:  # fmt: skip
    with clinic.connect(autocommit=False) as other:
        other.execute("LOCK TABLE api_logs IN ACCESS EXCLUSIVE MODE")
        process = spawn(*ARGUMENTS, dsn=clinic.dsn)
        until(lambda: clinic.execute(WAITING, (clinic.name,))[0][0])
        clinic.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE application_name LIKE 'petrec%%' AND datname = %s",
            (clinic.name,),
        )
        _, err = process.communicate(timeout=60)
    assert process.returncode == 3, err
    same_but_for_the_metrics(out, good)


def test_an_interrupted_report_leaves_the_old_ones(
    spawn: Spawn, clinic: Database, out: Path,
    good: dict[str, bytes],
) -> None:  # fmt: skip
    with clinic.connect(autocommit=False) as other:
        other.execute("LOCK TABLE api_logs IN ACCESS EXCLUSIVE MODE")
        process = spawn(*ARGUMENTS, dsn=clinic.dsn)
        until(lambda: clinic.execute(WAITING, (clinic.name,))[0][0])
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "petrec: interrupted\n")
    same_but_for_the_metrics(out, good)


@pytest.mark.parametrize("recorded", [False, True])
def test_history_goes_on_only_with_the_files(
    petrec: Petrec, clinic: Database, tmp_path: Path, recorded: bool
) -> None:
    keep = ("--record",) if recorded else ()
    assert petrec("report", *keep, dsn=clinic.dsn).code == 1
    clinic.execute("DELETE FROM recordings WHERE pet_id IS NULL AND appointment_id IS NULL")
    (tmp_path / "file").touch()
    ended = petrec("report", *keep, "--html", "file/report.html", dsn=clinic.dsn)
    assert ended.code == 3
    assert "file/report.html" in ended.err
    ended = petrec("report", *keep, "--format", "json", dsn=clinic.dsn)
    assert '"fixed": 20' in ended.out


def test_unwritable_directory_is_told_before_any_work(
    petrec: Petrec, out: Path, tmp_path: Path
) -> None:
    (out / "file").touch()
    arguments = ("--json", "out/good.json", "--html", "out/file/report.html")
    ended = petrec("report", *arguments, dsn="postgresql://u@127.0.0.1:1/x")
    assert ended.code == 3
    assert "out/file/report.html" in ended.err
    assert {path.name for path in out.iterdir()} == {"file"}


@pytest.fixture
def small_disk(out: Path) -> Iterator[Path]:
    """A file system of a few pages."""
    options = ["-t", "tmpfs", "-o", "size=256k", "petrec-test", str(out)]
    mounted = os.geteuid() == 0 and subprocess.run(
        ["mount", *options], check=False, capture_output=True
    ).returncode == 0  # fmt: skip
    if not mounted:
        pytest.skip("only root can mount a small file system")
    yield out
    subprocess.run(["umount", str(out)], check=True)


def fill_up(path: Path) -> None:
    """Write until there is no space left."""
    with path.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 4096)


def test_a_full_disk_leaves_the_old_reports(
    petrec: Petrec, clinic: Database, small_disk: Path
) -> None:
    files = ("--html", "out/a.html", "--json", "out/a.json", "--prometheus", "out/a.prom")
    arguments = ("report", *files, "--history", "out/history.txt")
    assert petrec(*arguments, dsn=clinic.dsn).code == 1
    good = contents(small_disk)
    fill = small_disk / "ballast"
    fill_up(fill)
    ended = petrec(*arguments, dsn=clinic.dsn)
    assert ended.code == 3
    assert "No space left" in ended.err
    fill.unlink()
    assert contents(small_disk) == good
    assert petrec(*arguments, dsn=clinic.dsn).code == 1


def test_a_device_is_not_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with pytest.raises(OutputError, match="not a regular file"), atomic_text(pipe):
        pass
    assert pipe.is_fifo()


def test_a_link_is_followed(tmp_path: Path) -> None:
    real, link = tmp_path / "real" / "report.html", tmp_path / "report.html"
    real.parent.mkdir()
    link.symlink_to(real)
    for words in ("first", "second"):
        with atomic_text(link) as file:
            file.write(words)
        assert (link.is_symlink(), real.read_text()) == (True, words)


def test_a_standby_serves_reports_but_keeps_no_history(
    petrec: Petrec, private_cluster: Callable[[], Cluster], tmp_path: Path
) -> None:
    """It serves reports, but cannot keep their history."""
    primary = private_cluster()
    psql = [str(client_program("psql")), "-qX", "-d", primary.dsn(), "-f", str(DATA / "clinic.sql")]
    with (tmp_path / "psql.out").open("w") as out:
        subprocess.run(psql, check=True, stdin=subprocess.DEVNULL, stdout=out)
    standby = primary.make_standby()
    try:
        assert petrec("report", "-q", "--json", "r.json", dsn=standby.dsn()).code == 1
        ended = petrec("report", "--record", dsn=standby.dsn())
        assert ended.code == 3
        assert "connect to the primary" in ended.err
    finally:
        standby.remove()
