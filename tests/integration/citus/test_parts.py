"""A part of the recordings, or a plan of a file, is the same on Citus as on plain tables."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.plugins.citus import HASHED, LOCAL, PLAIN, TENANT, CitusClinics
from tests.plugins.command import Petrec

JOURNALED = """
SELECT row_key[1]::int FROM petrec.changes WHERE run_id = (SELECT max(id) FROM petrec.runs)
ORDER BY 1
"""
PARTS = [
    ("backfill", "--since", "7d"),
    ("backfill", "--where", "appointment_id=1"),
    ("backfill", "--where", "appointment_id=4", "--since", "20d"),
    ("validate", "--since", "7d"),
    ("audit", "--by", "appointment_id"),
]
# What names the schema or the layout, not the recordings.
APART = {
    "table",
    "taken_at",
    "since",
    "locks",
    "script",
    "one_snapshot",
    "remarks",
    "notes",
    "warnings",
}


@pytest.mark.parametrize("words", PARTS, ids=" ".join)
@pytest.mark.parametrize(("layout", "plain"), PLAIN.items())
def test_a_part_is_that_of_plain_tables(
    layout: str, plain: str, words: tuple[str, ...], petrec: Petrec, citus: CitusClinics
) -> None:
    found = []
    for schema in (layout, plain):
        done = petrec(*words, "--schema", schema, "--format", "json", dsn=citus.dsn)
        assert done.code in {0, 1}, done.err
        found.append(facts(json.loads(done.out), schema))
    assert found[0] == found[1]


def facts(told: Any, schema: str) -> Any:
    """Return a document without what differs between two schemas of one content."""
    if isinstance(told, dict):
        return {name: facts(each, schema) for name, each in told.items() if name not in APART}
    if isinstance(told, list):
        return [facts(each, schema) for each in told]
    return told.replace(schema, "") if isinstance(told, str) else told


@pytest.mark.parametrize("part", [("--limit", "9"), ("--since", "3d"), ("--plan", "plan.csv")])
def test_a_part_is_written_and_the_rest_is_not(
    part: tuple[str, ...], petrec: Petrec, citus: CitusClinics, tmp_path: Path
) -> None:
    plan = ["recording_id,pet_id", "3,1", "7,1", "2,1", "902,1", "901,1", "203,1"]
    (tmp_path / "plan.csv").write_text("\n".join(plan))
    written = []
    for layout in (LOCAL, TENANT, HASHED):
        citus.build(layout)
        before = citus.recordings(layout)
        words = ("backfill", *part, "--apply", "--yes", "--schema", layout)
        done = petrec(*words, dsn=citus.dsn)
        assert done.code in {0, 1}, done.err
        pairs = zip(before, citus.recordings(layout), strict=True)
        changed = [old[0] for old, new in pairs if old != new]
        assert citus.execute(JOURNALED) == [(key,) for key in changed]
        written.append(len(changed) if "--limit" in part else changed)
    assert written[0] == written[1] == written[2]
    assert written[0]
