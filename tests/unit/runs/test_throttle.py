"""A pause file pauses a run where it is there, or where nobody can tell."""

from pathlib import Path

import pytest

from petrec.features.runs.driver.throttle import Throttling, pause_reason


def test_a_pause_file_counts_while_it_is_there(tmp_path: Path) -> None:
    file = tmp_path / "pause"
    limits = Throttling(pause_file=file)
    assert pause_reason(Throttling()) is None
    assert pause_reason(limits) is None
    file.touch()
    assert pause_reason(limits) == f"paused by {file}"


@pytest.mark.parametrize("name", ["file/pause", "x" * 300])
def test_a_pause_file_that_cannot_be_looked_at_pauses(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    reason = pause_reason(Throttling(pause_file=tmp_path / name))
    assert reason is not None
    assert reason.startswith("paused: cannot check")
