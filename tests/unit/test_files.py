"""Files as they are read and written, whatever an editor, git or a shell has made of them."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from jwt.algorithms import OKPAlgorithm

from petrec.api.host.auth.keys import JwksFile
from petrec.errors import OutputError, PetrecError
from petrec.features.review.read import read_files
from petrec.features.review.unfilled import refuse_filled
from petrec.features.validate.expected import Expected
from petrec.files import atomic_text, open_text, read_text
from petrec.operations.report import render_report
from petrec.settings import load_settings
from tests.plugins.forms import FORMS, every_form


@every_form
def test_text_is_read_in_every_form(tmp_path: Path, form: str) -> None:
    file = tmp_path / "text"
    file.write_bytes(FORMS[form]("é\nb\n"))
    assert read_text(file).rstrip("\n") == "é\nb"
    with open_text(file) as lines:
        assert [line for line in lines if line.strip()] == ["é\n", "b\n"]


@every_form
def test_settings_are_read_in_every_form(tmp_path: Path, form: str) -> None:
    file = tmp_path / "petrec.toml"
    file.write_bytes(FORMS[form]("[mapping]\nschema = 'vets'\n"))
    assert load_settings(file).mapping.schema == "vets"
    file = tmp_path / "pyproject.toml"
    file.write_bytes(FORMS[form]("[tool.petrec.mapping]\nschema = 'vets'\n"))
    assert load_settings(file).mapping.schema == "vets"


@every_form
def test_expectations_are_read_in_every_form(tmp_path: Path, form: str) -> None:
    for name, text in (("e.toml", 'unique = ["a(b)"]\n'), ("e.json", '{"unique":\n["a(b)"]}\n')):
        file = tmp_path / name
        file.write_bytes(FORMS[form](text))
        assert Expected.read(file).wanted.unique == ("a(b)",)


@every_form
def test_public_keys_are_read_in_every_form(tmp_path: Path, form: str) -> None:
    key = Ed25519PrivateKey.generate().public_key()
    entry = OKPAlgorithm.to_jwk(key, as_dict=True) | {"kid": "é", "alg": "EdDSA"}
    file = tmp_path / "keys.json"
    file.write_bytes(FORMS[form](json.dumps({"keys": [entry]}, ensure_ascii=False, indent=1)))
    assert JwksFile(file).find("EdDSA", "é") == key


DEEP = "[" * 100_000


def test_depth_without_end_is_an_error_of_the_file(tmp_path: Path) -> None:
    for name, text, read in (
        ("petrec.toml", f"a = {DEEP}", load_settings),
        ("expected.toml", f"a = {DEEP}", Expected.read),
        ("expected.json", f'{{"a": {DEEP}', Expected.read),
        ("report.json", f'{{"a": {DEEP}', render_report),
        ("keys.json", f'{{"keys": {DEEP}', JwksFile),
    ):
        file = tmp_path / name
        file.write_text(text)
        with pytest.raises(PetrecError, match=name):
            read(file)
    (tmp_path / "decisions.json").write_text(f'{{"petrec_review": 1, "decisions": {DEEP}')
    (problem,) = read_files([tmp_path / "decisions.json"], "").problems
    assert "not a file of decisions" in problem.reason


def test_a_path_that_the_system_refuses_is_named(tmp_path: Path) -> None:
    path = tmp_path / ("x" * 300 + ".csv")
    for use in (refuse_filled, lambda path: read_files([path], ""), load_settings, Expected.read):
        with pytest.raises(PetrecError, match="File name too long"):
            use(path)


def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    for mode in (0o640, 0o664, 0o600):
        file.touch()
        file.chmod(mode)
        with atomic_text(file) as out:
            out.write("x")
        assert stat.S_IMODE(file.stat().st_mode) == mode
    with atomic_text(file, 0o644) as out:
        out.write("x")
    assert stat.S_IMODE(file.stat().st_mode) == 0o644


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(OutputError, match="is a directory"), atomic_text(tmp_path):
        pass
    around = tmp_path / "around"
    around.symlink_to(around)
    with pytest.raises(OutputError, match="cannot write"), atomic_text(around):
        pass
    link = tmp_path / "link"
    link.symlink_to(tmp_path, target_is_directory=True)
    with pytest.raises(OutputError, match="is a directory"), atomic_text(link):
        pass


@pytest.mark.parametrize("name", ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1", "out"])
def test_standard_output_is_written_to_and_never_replaced(tmp_path: Path, name: str) -> None:
    (tmp_path / "out").symlink_to("/dev/stdout")
    code = (
        "from pathlib import Path; from petrec.files import atomic_text\n"
        f"with atomic_text(Path({name!r})) as out: out.write('new')"
    )
    log = tmp_path / "log"
    log.write_text("old ")
    inode = log.stat().st_ino
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    command = [sys.executable, "-c", code]
    with log.open("a") as stdout:
        subprocess.run(command, cwd=tmp_path, stdout=stdout, env=environment, check=True)
    assert (log.read_text(), log.stat().st_ino) == ("old new", inode)
    piped = subprocess.run(command, cwd=tmp_path, capture_output=True, env=environment, check=True)
    assert piped.stdout == b"new"
    assert sorted(each.name for each in tmp_path.iterdir()) == ["log", "out"]


def test_what_refuses_at_the_end_leaves_the_file(tmp_path: Path) -> None:
    file = tmp_path / "cases.csv"
    file.write_text("old")

    def refuse(path: Path) -> None:
        raise OutputError(f"{path} has been saved meanwhile")

    with pytest.raises(OutputError, match="meanwhile"), atomic_text(file, before=refuse) as out:
        out.write("new")
    assert file.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["cases.csv"]


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
