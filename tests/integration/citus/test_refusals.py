"""What is not made for tables of other nodes is refused by name, before anything is written."""

from pathlib import Path

import pytest

from tests.plugins.citus import HASHED, TENANT, CitusClinics
from tests.plugins.command import Petrec

STORE = """
[serve.store]
bucket = "recordings"
"""
RELATIONS = """
SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE n.nspname NOT IN ('pg_catalog', 'pg_toast', 'information_schema') ORDER BY 1, 2
"""
REFUSED = [
    (("backfill", "--sql", "--output", "batch.sql"), "there is no script for psql"),
    (("uploads", "sweep"), "does not settle uploads of other nodes"),
    (("uploads", "sweep", "--apply", "--yes"), "does not settle uploads of other nodes"),
    (("retention", "--pet", "3", "--apply", "--yes"), "does not erase recordings of other nodes"),
]


@pytest.mark.parametrize(("words", "reason"), REFUSED, ids=[" ".join(each[0]) for each in REFUSED])
@pytest.mark.parametrize("layout", [TENANT, HASHED])
def test_it_is_refused_before_anything_is_written(
    layout: str,
    words: tuple[str, ...],
    reason: str,
    petrec: Petrec,
    citus: CitusClinics,
    tmp_path: Path,
) -> None:
    (tmp_path / "petrec.toml").write_text(STORE)
    before = citus.execute(RELATIONS), citus.recordings(layout)
    keys = {"AWS_ACCESS_KEY_ID": "a", "AWS_SECRET_ACCESS_KEY": "b"}
    refused = petrec(*words, "--schema", layout, dsn=citus.dsn, **keys)
    assert refused.code in {2, 3}, refused.out + refused.err
    assert reason in refused.err
    assert (citus.execute(RELATIONS), citus.recordings(layout)) == before
    assert not (tmp_path / "batch.sql").exists()
