"""Reports made once, for tests that only look at them."""

from pathlib import Path

import msgspec
import pytest

from petrec.results.report import ReportResult
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
