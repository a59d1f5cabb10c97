"""A history and a baseline are read whatever git or an editor has made of their lines."""

from pathlib import Path
from typing import cast

import msgspec
import pytest

from petrec.errors import SettingsError, UsageError
from petrec.features.report.history.file import Header, HistoryReader
from petrec.features.validate.baseline import Baseline
from petrec.schema import Schema, TableShape, build_schema
from petrec.settings import Mapping
from tests.plugins.forms import FORMS, every_form

HEADER = Header("clinic", "public.recordings")
RUN = '{"taken_at":"2026-01-01T00:00:00Z","total":3,"missing_pet_id":1,"counts":{},"first":true}'
HISTORY = f"{msgspec.json.encode(HEADER).decode()}\n{'a' * 32}+mismatched\n{RUN}\nend 1\n"


def schema() -> Schema:
    shapes = {
        "recordings": {"id": "uuid", "pet_id": "uuid", "appointment_id": "uuid"},
        "pets": {"id": "uuid"},
        "appointments": {"id": "uuid"},
        "appointment_pets": {"appointment_id": "uuid", "pet_id": "uuid"},
    }
    return build_schema(Mapping(), {name: TableShape(each) for name, each in shapes.items()})


@every_form
def test_a_history_is_read_in_every_form(tmp_path: Path, form: str) -> None:
    path = tmp_path / "history.txt"
    path.write_bytes(FORMS[form](HISTORY))
    with HistoryReader(path, HEADER) as reader:
        assert [(s.fingerprint, s.kind, s.present) for s in reader.findings()] == [
            ("a" * 32, "mismatched", True)
        ]
    assert [run.total for run in reader.runs] == [3]


@every_form
@pytest.mark.parametrize("lines", [2, 3])
def test_a_history_that_is_cut_off(tmp_path: Path, form: str, lines: int) -> None:
    path = tmp_path / "history.txt"
    path.write_bytes(FORMS[form]("".join(HISTORY.splitlines(keepends=True)[:lines])))
    with pytest.raises(UsageError, match="ends too early"), HistoryReader(path, HEADER) as reader:
        list(reader.findings())


@every_form
def test_a_baseline_is_read_in_every_form(tmp_path: Path, form: str) -> None:
    path = tmp_path / "baseline.txt"
    baseline = Baseline(path, schema())
    found = [("mismatched", "a" * 32), ("mismatched", "b" * 32)]
    lines = "".join(f"{kind} {digest}\n" for kind, digest in found)
    path.write_bytes(FORMS[form](baseline.header + lines))
    for replacing in (False, True):
        with baseline.entries(replacing=replacing) as entries:
            assert cast("list[tuple[str, str]]", list(entries)) == found
    path.write_bytes(FORMS[form](baseline.header + "mismatched short\n"))
    with pytest.raises(SettingsError, match="line 3"), baseline.entries() as entries:
        list(entries)
