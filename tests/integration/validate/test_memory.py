"""Memory does not grow with the number of findings, neither comparing nor writing a baseline."""

from pathlib import Path

import pytest

from tests.plugins.databases import Database
from tests.plugins.memory import peak_kib

MORE = """
INSERT INTO recordings (id, recorded_by_user_id, recording_type, status, filename,
                        original_filename, s3_key, created_at, updated_at)
SELECT gen_random_uuid(), (SELECT min(id::text)::uuid FROM users), 'x', 'uploaded',
       'f', 'f', 'k', now(), now()
FROM generate_series(1, %s)
"""


def measured(clinic: Database, directory: Path, *extra: str) -> int:
    """Return the peak of resident memory, KiB."""
    return peak_kib(
        directory, clinic.dsn, "validate", "--baseline", "known.txt", "--output", "out.txt", *extra
    )


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="measures by /proc")
@pytest.mark.parametrize("findings", [60_000, pytest.param(1_000_000, marks=pytest.mark.full)])
def test_memory_stays_constant(clinic: Database, tmp_path: Path, findings: int) -> None:
    few = [measured(clinic, tmp_path, "--update-baseline"), measured(clinic, tmp_path)]
    clinic.execute(MORE, (findings,))
    many = [measured(clinic, tmp_path, "--update-baseline"), measured(clinic, tmp_path)]
    assert len((tmp_path / "known.txt").read_text().splitlines()) == findings + 708 + 2
    print(f"KiB at 708 findings {few}, at {findings + 708} {many}")  # noqa: T201
    assert max(many) - max(few) < 8 * 1024
