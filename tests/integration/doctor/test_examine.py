"""The doctor says everything that is missing at once, with its fix, and writes nothing."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, event

from petrec.postgres.preflight import load_schema
from petrec.postgres.writable import hindrances
from petrec.settings import Mapping
from tests.plugins.command import Petrec
from tests.plugins.databases import Database


def checks(petrec: Petrec, dsn: str, *arguments: str) -> tuple[int, list[dict[str, Any]]]:
    examined = petrec("doctor", "--format", "json", *arguments, dsn=dsn)
    return examined.code, json.loads(examined.out)["checks"]


def test_a_sound_clinic_has_no_problem(petrec: Petrec, clinic: Database) -> None:
    code, found = checks(petrec, clinic.dsn, "--for", "backfill,review")
    assert code == 0
    by_name = {check["name"]: check for check in found}
    assert "2000 rows" in by_name["recordings"]["finding"]
    assert by_name["backfill"]["state"] == "ok"
    assert by_name["schema petrec"]["state"] == "note"
    assert clinic.execute("SELECT to_regnamespace('petrec')") == [(None,)]


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("change", "state", "words"),
    [
        ("ALTER TABLE recordings ADD CHECK (id IS NULL) NOT VALID", "warning", "NOT VALID"),
        ("CREATE RULE r AS ON UPDATE TO recordings DO INSTEAD NOTHING", "problem", 'rule "r"'),
        ("ALTER TABLE appointment_pets DROP CONSTRAINT appointment_pets_pkey",
         "warning", "no index begins with appointment_id"),
        ("CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';"
         "CREATE TRIGGER noisy BEFORE UPDATE ON recordings FOR EACH ROW EXECUTE FUNCTION f()",
         "note", "noisy calls"),
        ("ALTER TABLE recordings SET UNLOGGED", "warning", "unlogged"),
        ("DROP TABLE appointment_pets", "problem", "appointment_pets"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(
    petrec: Petrec, clinic: Database, change: str, state: str, words: str
) -> None:
    clinic.execute(change)
    code, found = checks(petrec, clinic.dsn)
    assert code == (1 if state == "problem" else 0)
    assert [check for check in found if check["state"] == state and words in check["finding"]]


def test_all_privileges_that_a_task_lacks_are_named_at_once(
    petrec: Petrec, clinic: Database
) -> None:
    clinic.execute(
        "DROP ROLE IF EXISTS lacks_most; CREATE ROLE lacks_most LOGIN;"
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO lacks_most"
    )
    try:
        dsn = clinic.cluster.dsn(clinic.name, "lacks_most")
        code, found = checks(petrec, dsn, "--for", "backfill,review")
        fixes = " ".join(check["fix"] for check in found if check["state"] == "problem")
        assert code == 1
        for word in (
            "UPDATE (pet_id)",
            "(appointment_id)",
            "INSERT",
            "DELETE",
            "CREATE ON DATABASE",
        ):
            assert word in fixes, fixes
        code, noted = checks(petrec, dsn)
        assert (code, {check["fix"] for check in noted}) == (0, {""})
        assert {"backfill", "review"} <= {c["name"] for c in noted if c["state"] == "note"}
    finally:
        clinic.execute("DROP OWNED BY lacks_most; DROP ROLE lacks_most")


def test_settings_that_fit_no_table_are_a_problem(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    (tmp_path / "petrec.toml").write_text('[mapping.tables]\nrecordings = "sounds"\n')
    code, found = checks(petrec, clinic.dsn)
    assert (code, found[-1]["state"]) == (1, "problem")
    assert "sounds" in found[-1]["finding"]


def test_tasks_that_are_unknown_are_refused(petrec: Petrec, clinic: Database) -> None:
    refused = petrec("doctor", "--for", "audit,backup", dsn=clinic.dsn)
    assert (refused.code, "backup" in refused.err) == (2, True)


def test_nothing_is_asked_twice_for_a_review(clinic_engine: Engine) -> None:
    asked: Counter[tuple[str, str]] = Counter()

    def count(_: Any, __: Any, sql: str, parameters: Any, *___: Any) -> None:
        asked[sql, str(parameters)] += 1

    with clinic_engine.connect() as connection:
        schema = load_schema(connection, Mapping())
        event.listen(connection, "before_cursor_execute", count)
        assert hindrances(connection, schema, ("appointment_id",), "INSERT", "DELETE") == []
    assert asked
    assert set(asked.values()) == {1}
