"""Settings: where they come from, and what is said of wrong ones."""

from pathlib import Path

import pytest

from petrec.errors import SettingsError
from petrec.settings import load_settings


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
