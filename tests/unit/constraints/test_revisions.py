"""A revision is a module that holds its statements, and only the queries that they share."""

from typing import Any

import pytest

from petrec.features.constraints.alembic.phases import Phase
from petrec.features.constraints.alembic.queries import BEGINNINGS, QUERIES
from petrec.features.constraints.alembic.revision import Revision

ALONE = Phase("SELECT 'it''s'", 5, "CREATE {{x}}")
SHARED = Phase("BROKEN", 0, "DROP {index}", {"index": "'a'"})


def executed(**more: Any) -> dict[str, Any]:
    """Return the names that a revision's module defines."""
    given: dict[str, Any] = {
        "id": "ab12", "down": "cd34", "group": "appointment-fk", "plan": "p1", "refusals": {},
        "forward": [], "back": [], "search_path": "pg_catalog, 'x'",
    }  # fmt: skip
    revision = Revision(**(given | more))
    assert revision.file_name == "ab12_petrec_appointment_fk.py"
    module: dict[str, Any] = {}
    exec(compile(revision.text(), revision.file_name, "exec"), module)
    return module


def test_a_revision_has_its_place_and_its_statements() -> None:
    module = executed(refusals={"k": "SELECT 1"}, forward=[ALONE, ALONE], back=[SHARED])
    assert (module["revision"], module["down_revision"]) == ("ab12", "cd34")
    assert module["branch_labels"] is module["depends_on"] is None
    assert "Revision ID: ab12\nRevises: cd34\n" in module["__doc__"]
    assert "from plan p1." in module["__doc__"]
    assert module["SETTINGS"]["search_path"] == "pg_catalog, 'x'"
    assert module["REFUSALS"] == {"k": "SELECT 1"}
    assert module["UPGRADE"] == [("SELECT 'it''s'", 5, "CREATE {{x}}")] * 2
    beginning, end = QUERIES["BROKEN"]
    query = (BEGINNINGS[beginning] + end) % {"index": "'a'"}
    assert module["DOWNGRADE"] == [(query, 0, "DROP {index}")]
    assert set(module) & {*BEGINNINGS, *QUERIES} == {beginning, "BROKEN"}


def test_the_first_revision_follows_none() -> None:
    module = executed(down=None)
    assert module["down_revision"] is None
    assert module["__doc__"].endswith("Revises: \n")
    assert (module["REFUSALS"], module["UPGRADE"], module["DOWNGRADE"]) == ({}, [], [])


@pytest.mark.parametrize("name", QUERIES)
def test_a_shared_query_has_its_beginning(name: str) -> None:
    values = {"index": "'i'", "table": "'t'", "parent": "'p'", "on_delete": "'c'", "name": "'n'"}
    module = executed(back=[Phase(name, 0, "DROP {part}", values | {"pairs": "ARRAY['a b']"})])
    beginning, _ = QUERIES[name]
    assert module[name].startswith(BEGINNINGS[beginning])
    (((query, *_),)) = [module["DOWNGRADE"][0]]
    assert "%" not in query.replace("%I", "")
