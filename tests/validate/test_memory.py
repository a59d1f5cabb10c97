"""Memory does not grow with the number of findings, neither comparing nor writing a baseline."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugins.command import environment
from tests.plugins.databases import Database

MEASURED = """
import re, sys
from pathlib import Path
sys.argv = ["petrec", *{arguments}]
from petrec.__main__ import main
try:
    main()
except SystemExit as end:
    # Not getrusage: its maximum includes that of the process before exec.
    status = Path("/proc/self/status").read_text()
    peak = re.search(r"VmHWM:\\s*(\\d+)", status)[1]
    print(end.code, peak, file=sys.stderr)
"""
MORE = """
INSERT INTO recordings (id, recorded_by_user_id, recording_type, status, filename,
                        original_filename, s3_key, created_at, updated_at)
SELECT gen_random_uuid(), (SELECT min(id::text)::uuid FROM users), 'x', 'uploaded',
       'f', 'f', 'k', now(), now()
FROM generate_series(1, %s)
"""


def measured(clinic: Database, directory: Path, *extra: str) -> int:
    """Return the peak of resident memory, KiB."""
    arguments = ["validate", "--baseline", "known.txt", "--output", "out.txt", *extra]
    ended = subprocess.run(
        [sys.executable, "-c", MEASURED.format(arguments=arguments)], cwd=directory, text=True,
        env=environment(PETREC_DATABASE_URL=clinic.dsn), capture_output=True, check=True,
    )  # fmt: skip
    code, peak = ended.stderr.split()
    assert code == "0"
    return int(peak)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures by /proc")
@pytest.mark.parametrize("findings", [60_000, pytest.param(1_000_000, marks=pytest.mark.full)])
def test_memory_stays_constant(clinic: Database, tmp_path: Path, findings: int) -> None:
    few = [measured(clinic, tmp_path, "--update-baseline"), measured(clinic, tmp_path)]
    clinic.execute(MORE, (findings,))
    many = [measured(clinic, tmp_path, "--update-baseline"), measured(clinic, tmp_path)]
    assert len((tmp_path / "known.txt").read_text().splitlines()) == findings + 708 + 2
    print(f"KiB at 708 findings {few}, at {findings + 708} {many}")  # noqa: T201
    assert max(many) - max(few) < 8 * 1024
