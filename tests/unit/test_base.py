"""Connection strings, settings, files, cells and paces."""

import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from petrec.documents.cells import decode_cell, encode_cell
from petrec.errors import OutputError, SettingsError, UsageError
from petrec.features.runs.batches.size import Pace
from petrec.files import atomic_text
from petrec.postgres.dsn import resolve_dsn
from petrec.settings import load_settings

HOSTILE = st.text(st.sampled_from("=+-@'\",;\t\r\n\0 aZ9é小\u202e|<"), max_size=8)


@given(st.one_of(HOSTILE, st.text()))
def test_cells_round_trip_and_are_inert(value: str) -> None:
    cell = encode_cell(value)
    assert decode_cell(cell) == value
    assert not cell.startswith(tuple("=+-@\t\r\n\0"))


def test_precedence_of_connections() -> None:
    environ = {"PETREC_DATABASE_URL": "postgresql://a/1", "DATABASE_URL": "postgresql://b/2"}
    assert resolve_dsn("postgresql://c/3", None, environ).parameters["host"] == "c"
    assert resolve_dsn(None, "staging", environ).parameters == {"service": "staging"}
    assert resolve_dsn(None, None, environ).parameters["host"] == "a"
    assert resolve_dsn(None, None, {"DATABASE_URL": "postgresql://b/2"}).parameters["host"] == "b"
    assert resolve_dsn(None, None, {}).parameters == {}
    with pytest.raises(UsageError, match="exclude"):
        resolve_dsn("postgresql://c/3", "staging", environ)


@pytest.mark.parametrize("scheme", ["postgresql", "postgres", "postgresql+psycopg"])
def test_url_schemes(scheme: str) -> None:
    found = resolve_dsn(f"{scheme}://u:p%2Fw@h:1/d", None, {})
    assert dict(found.parameters) == {
        "user": "u",
        "password": "p/w",
        "host": "h",
        "port": "1",
        "dbname": "d",
    }
    assert "p/w" not in repr(found)


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("[mapping]\nshema = 'x'", "shema"),
        ("[mapping.tables]\npat = 'x'", "pat"),
        ("[mapping.columns.pets]\nnam = 'x'", "nam"),
        ("[timeouts]\nread_lock_ms = 'long'", "read_lock_ms"),
        ("[mapping", "TOML"),
    ],
)
def test_settings_name_what_is_wrong(tmp_path: Path, text: str, word: str) -> None:
    file = tmp_path / "petrec.toml"
    file.write_text(text)
    with pytest.raises(SettingsError, match=word):
        load_settings(file)


def test_settings_come_from_the_project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load_settings().mapping.schema == "public"
    Path("pyproject.toml").write_text("[tool.petrec.mapping]\nschema = 'a'")
    assert load_settings().mapping.schema == "a"
    Path("petrec.toml").write_text("\ufeff[mapping]\nschema = 'b'", encoding="utf-8")
    assert load_settings().mapping.schema == "b"
    with pytest.raises(SettingsError, match="absent"):
        load_settings(Path("absent.toml"))


def test_files_are_complete_or_not_there(tmp_path: Path) -> None:
    file = tmp_path / "report.csv"
    with atomic_text(file) as out:
        out.write("first")
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with pytest.raises(UnicodeEncodeError), atomic_text(file) as out:
        out.write("second" + "\ud800")
    assert file.read_text() == "first"
    assert [entry.name for entry in tmp_path.iterdir()] == ["report.csv"]
    with pytest.raises(OutputError), atomic_text(tmp_path / "absent" / "x"):
        pass


@given(st.lists(st.tuples(st.floats(0.001, 1e6), st.booleans()), max_size=60))
def test_pace_stays_in_bounds(history: list[tuple[float, bool]]) -> None:
    pace = Pace(target_ms=250)
    for took_ms, timed_out in history:
        before = pace.size
        pace = pace.after_timeout() if timed_out else pace.after(before, took_ms)
        assert 1 <= pace.size <= max(before + 1, before * 1.2)
        if timed_out:
            assert pace.size <= max(1, before / 2)


@given(st.floats(0.01, 100))
def test_pace_settles_below_the_target(ms_per_row: float) -> None:
    pace = Pace(target_ms=250)
    for _ in range(100):
        pace = pace.after(pace.size, pace.size * ms_per_row)
        assert pace.size * ms_per_row <= 250
