"""Reports made once, for tests that only look at them."""

from pathlib import Path

import msgspec
import pytest
import typer

from petrec.cli.app import app
from petrec.errors import PetrecError
from petrec.features.report.result import ReportResult
from tests.plugins.command import ROOT


@pytest.fixture
def sample() -> ReportResult:
    """The committed sample."""
    return msgspec.json.decode((ROOT / "reports" / "sample.json").read_bytes(), type=ReportResult)


@pytest.fixture
def out(tmp_path: Path) -> Path:
    """A directory for reports, apart from the working directory."""
    directory = tmp_path / "out"
    directory.mkdir()
    return directory


def refusal(*arguments: str) -> PetrecError:
    """Return why a command line is refused; within this process, since it comes to no work."""
    with pytest.raises(PetrecError) as caught:
        typer.main.get_command(app).main(["report", *arguments], standalone_mode=False)
    return caught.value
