"""The SQL of the pages of the rules finds what petrec finds: a second opinion of every kind."""

import json
import re

import pytest

from petrec.demo import clinic
from petrec.rules import KINDS
from petrec.rules.warnings import WARNING_IDS
from tests.plugins.command import ROOT, Petrec
from tests.plugins.databases import Database

# Large enough for the demo to hold every kind.
RECORDINGS = 4_000
SECOND_PET = """
INSERT INTO appointment_pets
SELECT DISTINCT ON (appointment_id) appointment_id, p.id FROM recordings r, pets p
WHERE r.id IN (SELECT row_key[1]::uuid FROM petrec.changes ORDER BY seq LIMIT 7)
  AND p.id <> r.pet_id
"""


def statements(page: str) -> list[str]:
    text = (ROOT / "docs" / "rules" / f"{page}.md").read_text()
    return re.findall(r"```sql\n(.*?)```", text, re.DOTALL)


@pytest.fixture
def demo(empty_database: Database, petrec: Petrec) -> Database:
    """A clinic with every kind of damage."""
    with empty_database.connect() as connection:
        clinic.create(connection, recordings=RECORDINGS)
    before = found(empty_database, petrec)
    assert min(before[kind.id] for kind in KINDS) > 0, before
    return empty_database


def found(database: Database, petrec: Petrec) -> dict[str, int]:
    document = json.loads(petrec("audit", "--format", "json", dsn=database.dsn).out)
    return {each["id"]: each["count"] for each in [*document["kinds"], *document["warnings"]]}


def test_the_statements_of_each_page_find_what_the_audit_counts(
    demo: Database, petrec: Petrec
) -> None:
    counted = found(demo, petrec)
    for kind in filter(lambda kind: kind.is_finding, KINDS):
        rows, *causes = statements(kind.id)
        assert len(demo.execute(rows)) == counted[kind.id], kind.id
        assert causes, kind.id
        for cause in causes:
            assert demo.execute(cause), kind.id
    assert petrec("backfill", "--apply", "--yes", dsn=demo.dsn).code == 0
    demo.execute(SECOND_PET)
    counted = found(demo, petrec)
    for fact in WARNING_IDS:
        rows, *causes = statements(fact)
        assert len(demo.execute(rows)) == counted[fact] > 0, fact
        for cause in causes:
            demo.execute(cause)
