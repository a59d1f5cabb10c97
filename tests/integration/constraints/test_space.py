"""The disk that builds need: how well it is foretold, and refused where it is not there."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from petrec.features.constraints.disk import as_size, index_bytes, to_bytes
from tests.integration.constraints.test_apply import LOGGED_DDL
from tests.plugins.clean import clean, owned
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase

INDEXES = ("--group", "indexes")
APPLY = ("constraints", "apply", "--yes", *INDEXES)
PLAN = ("constraints", "plan", "--format", "json", *INDEXES)
BUILT = """
SELECT indexrelid::regclass::text, pg_relation_size(indexrelid) FROM pg_index
WHERE indexrelid::regclass::text LIKE 'idx_recordings%'
"""
MORE = """
INSERT INTO recordings
SELECT (jsonb_populate_record(r, jsonb_build_object('id', gen_random_uuid()))).*
FROM recordings r, generate_series(1, 6)
"""


def planned(petrec: Petrec, clinic: Database, *options: str) -> dict[str, Any]:
    ended = petrec(*PLAN, *options, dsn=clinic.dsn)
    assert ended.code == 0, ended.err
    return dict(json.loads(ended.out))


@pytest.mark.parametrize(
    "analyse",
    [pytest.param("ANALYZE recordings", marks=pytest.mark.full, id="counted"),
     pytest.param("SELECT 1", id="grown since")],
)  # fmt: skip
def test_estimates_are_just_above_the_truth(petrec: Petrec, clinic: Database, analyse: str) -> None:
    clean(clinic).execute("VACUUM FULL ANALYZE recordings")
    clinic.execute(MORE)
    clinic.execute(analyse)
    for step in planned(petrec, clinic)["steps"]:
        # Deduplication would make them smaller.
        clinic.execute(f"{step['sql']} WITH (deduplicate_items = off)")
        size = clinic.execute("SELECT pg_relation_size(%s)", (step["object"],))[0][0]
        assert size <= step["index_bytes"] <= 1.2 * size, step["object"]


def test_a_table_that_was_never_counted_counts_whole() -> None:
    assert index_bytes(0, 81920, [16]) == 81920


def test_too_little_is_refused_before_anything(petrec: Petrec, clinic: Database) -> None:
    # The estimate follows the row count, which autovacuum would take anew in between.
    clean(clinic).execute("ALTER TABLE recordings SET (autovacuum_enabled = off)")
    clinic.execute("ANALYZE recordings")
    clinic.execute(LOGGED_DDL)
    plan = planned(petrec, clinic, "--free-space", "1kB")
    room = plan["space"]["rooms"][0]
    assert (room["place"], room["free"]) == ("stated", 1024)
    total = room["needed"]
    assert total == sum(plan["space"][part] for part in ("indexes", "sort", "wal"))
    ended = petrec(*APPLY, "--free-space", f"{total - 1}B", dsn=clinic.dsn)
    assert ended.code == 3
    assert f"need up to {as_size(total)} of disk, and {as_size(total - 1)} is free" in ended.err
    assert "next: free some disk space" in ended.err
    assert clinic.execute("SELECT tag FROM ddl") == []
    assert petrec(*APPLY, "--free-space", f"{total}", dsn=clinic.dsn).code == 0


def test_what_was_not_measured_is_said(petrec: Petrec, clinic: Database) -> None:
    """An owner without pg_read_all_settings does not learn where the data lie."""
    ended = petrec(*APPLY, dsn=owned(clean(clinic)))
    assert (ended.code, "could not measure the free space" in ended.err) == (0, True), ended.err


@pytest.fixture
def small(cluster: Cluster) -> Iterator[Path]:
    """A file system of 64 kB that belongs to the server's user."""
    mount = cluster.directory / f"small_{os.getpid()}"
    mount.mkdir()
    made = os.geteuid() == 0 and subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size=64k,mode=700,uid={cluster.data_dir.stat().st_uid}",
         "tmpfs", str(mount)], check=False, capture_output=True,
    ).returncode == 0  # fmt: skip
    if not made:
        pytest.skip("only root can mount a small file system")
    yield mount
    subprocess.run(["umount", str(mount)], check=True)
    mount.rmdir()


def test_a_small_tablespace_is_measured(
    small: Path, petrec: Petrec, database: MakeDatabase
) -> None:
    clinic = clean(database())
    clinic.execute(f"CREATE TABLESPACE {small.name} LOCATION '{small}'")
    try:
        clinic.execute(f"ALTER DATABASE {clinic.name} SET default_tablespace = {small.name}")
        ended = petrec(*APPLY, dsn=clinic.dsn)
        assert (ended.code, "is free in" in ended.err) == (3, True), ended.err
        assert clinic.execute(BUILT) == []
    finally:
        clinic.execute(f"ALTER DATABASE {clinic.name} RESET default_tablespace")
        clinic.execute(f"DROP TABLESPACE {small.name}")


@pytest.mark.parametrize(
    ("text", "size"), [("20GB", 20 << 30), ("1.5 t", 3 << 39), ("512MiB", 512 << 20), ("7", 7)]
)
def test_sizes_are_read_with_their_units(text: str, size: int) -> None:
    assert to_bytes(text) == size


def test_what_is_no_size(petrec: Petrec, clinic: Database) -> None:
    ended = petrec(*APPLY, "--free-space", "plenty", dsn=clinic.dsn)
    assert (ended.code, "is not a size" in ended.err) == (2, True), ended.err
