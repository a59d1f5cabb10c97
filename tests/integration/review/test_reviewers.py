"""Several people, and a database that goes on living meanwhile."""

import json
import re
from pathlib import Path

import pytest

from tests.plugins.case_files import Row, candidates, write_csv
from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.votes import APPLY, Give, linking, of_kind, pet_of, vote


def test_a_conflict_is_reported_and_neither_is_written(
    give: Give, clinic: Database, cases: list[Row]
) -> None:
    one, other, third = cases[:3]
    ada = [vote(one, "1"), vote(other, "1"), vote(third, "cannot tell")]
    bob = [vote(one, "2", "Bob"), vote(other, "1", "Bob"), vote(third, "2", "Bob")]
    code, result = give(ada, bob)
    assert (code, result["run"]) == (1, None)
    assert [p["trouble"] for p in result["problems"]] == ["conflict", "conflict"]
    assert "Bob" in result["problems"][0]["reason"]
    assert "Ada" in result["problems"][1]["reason"]
    code, result = give(ada, bob, options=(*APPLY, "--partial"))
    assert (code, result["run"]["changed"]) == (1, 2)
    assert pet_of(clinic, one) is None
    assert pet_of(clinic, third) == candidates(third)[1][2]
    agreed = "SELECT reviewer FROM petrec.decisions WHERE verdict = 'assign' ORDER BY seq"
    assert clinic.execute(agreed) == [("Ada; Bob",), ("Bob",)]


def test_who_comes_later_is_told_what_was_written(give: Give, cases: list[Row]) -> None:
    assert give([vote(cases[0], "1")])[0] == 0
    code, result = give([vote(cases[0], "2", "Bob")])
    assert (code, result["problems"][0]["trouble"]) == (1, "conflict")
    assert "Ada" in result["problems"][0]["reason"]
    code, result = give([vote(cases[0], "1", "Bob")])
    assert (code, result["already"], result["run"]) == (0, 1, None)


CHANGES = {
    "pet": "UPDATE recordings SET pet_id = (SELECT id FROM pets LIMIT 1) WHERE id = %(id)s",
    "appointment": "UPDATE recordings SET appointment_id = NULL WHERE id = %(id)s",
    "pets_of_the_appointment": "INSERT INTO appointment_pets SELECT r.appointment_id, p.id "
    "FROM recordings r, pets p WHERE r.id = %(id)s AND NOT EXISTS (SELECT FROM appointment_pets ap "
    "WHERE ap.appointment_id = r.appointment_id AND ap.pet_id = p.id) LIMIT 1",
}


@pytest.mark.few(2)
@pytest.mark.parametrize("change", CHANGES)
def test_a_row_that_changed_is_stale(
    give: Give, clinic: Database, cases: list[Row], change: str
) -> None:
    clinic.execute(CHANGES[change], {"id": cases[0]["recording_id"]})
    before = clinic.checksum()
    code, result = give([vote(cases[0], "1"), vote(cases[90], "1")])
    assert (code, [p["trouble"] for p in result["problems"]]) == (1, ["stale"])
    assert clinic.checksum() == before
    clinic.execute("DELETE FROM recordings WHERE id = %s", (cases[0]["recording_id"],))
    code, result = give([vote(cases[0], "1")])
    assert "there is no recording" in result["problems"][0]["reason"]


def test_silence_is_recorded_and_counted(
    petrec: Petrec, give: Give, clinic: Database, cases: list[Row]
) -> None:
    before = clinic.checksum()
    rows = [vote(cases[0], "cannot tell", note="blurred"), vote(cases[1], "leave")]
    code, result = give(rows)
    assert (code, result["run"]["changed"]) == (0, 0)
    again = give(rows)[1]
    assert (again["already"], again["run"]) == (2, None)
    assert clinic.checksum() == before
    give([vote(cases[2], "1", "Bob; Ada")])
    status = json.loads(petrec("review", "status", "--format", "json", dsn=clinic.dsn).out)
    ambiguous = status["kinds"][0]
    assert ambiguous == {
        "kind": "missing_ambiguous", "cases": 159, "cannot_tell": 1, "leave": 1,
    }  # fmt: skip
    counted = {r["reviewer"]: (r["assign"], r["cannot_tell"], r["leave"], r["written"], r["undone"])
               for r in status["reviewers"]}  # fmt: skip
    assert counted == {"Ada": (1, 1, 1, 1, 0), "Bob": (1, 0, 0, 1, 0)}
    assert petrec("runs", "undo", "2", "--yes", dsn=clinic.dsn).code == 0
    status = json.loads(petrec("review", "status", "--format", "json", dsn=clinic.dsn).out)
    assert {(r["reviewer"], r["written"], r["undone"]) for r in status["reviewers"]} == {
        ("Ada", 0, 1), ("Bob", 0, 1),
    }  # fmt: skip


def test_status_of_an_untouched_database(petrec: Petrec, clinic: Database) -> None:
    ended = petrec("review", "status", dsn=clinic.dsn)
    assert (ended.code, ended.out.splitlines()[0]) == (0, "313 cases are open")


def test_what_one_cannot_tell_another_can(give: Give, cases: list[Row]) -> None:
    assert give([vote(cases[0], "cannot tell")])[1]["verdicts"] == {"cannot_tell": 1}
    assert give([vote(cases[0], "1", "Bob")])[1]["run"]["changed"] == 1


def test_any_pet_where_the_case_is_open(give: Give, clinic: Database, cases: list[Row]) -> None:
    lost = of_kind(cases, "missing_no_appointment")
    pet = clinic.execute("SELECT id::text FROM pets ORDER BY id LIMIT 1")[0][0]
    code, result = give([vote(lost[0], "other", other_pet_id=pet.upper())])
    assert (code, result["run"]["changed"]) == (0, 1)
    assert pet_of(clinic, lost[0]) == pet
    code, result = give([vote(cases[0], "other", other_pet_id=pet)])
    assert (code, result["problems"][0]["field"]) == (1, "decision")


def test_the_page_s_download(
    petrec: Petrec, clinic: Database, tmp_path: Path, cases: list[Row]
) -> None:
    decisions = [
        {
            "recording_id": row["recording_id"], "kind": row["kind"], "state": row["state"],
            "verdict": candidates(row)[0][1], "pet_id": candidates(row)[0][2],
            "appointment_id": candidates(row)[0][3], "note": "=1+1",
        }
        for row in cases[:20]
    ]  # fmt: skip
    file = {"petrec_review": 1, "reviewer": "Ada", "decisions": decisions}
    (tmp_path / "decisions.json").write_text(json.dumps(file))
    ended = petrec("review", "import", "decisions.json", *APPLY, dsn=clinic.dsn)
    assert (ended.code, json.loads(ended.out)["run"]["changed"]) == (0, 20)
    who = "SELECT DISTINCT reviewer, note FROM petrec.decisions"
    assert clinic.execute(who) == [("Ada", "=1+1")]


@pytest.mark.no_journal
def test_a_role_is_told_what_it_lacks(
    petrec: Petrec, clinic: Database, tmp_path: Path, cases: list[Row]
) -> None:
    role = f"reviewer_{clinic.name}"
    clinic.execute(f"CREATE ROLE {role} LOGIN")
    clinic.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    clinic.execute(f"GRANT UPDATE (pet_id) ON recordings TO {role}")
    clinic.execute(f"GRANT UPDATE (id) ON appointments TO {role}")
    path = write_csv(tmp_path / "cases.csv", linking(cases))
    dsn = clinic.cluster.dsn(clinic.name, role)
    assert petrec("review", "import", str(path), dsn=dsn).code == 0
    ended = petrec("review", "import", str(path), *APPLY, dsn=dsn)
    assert ended.code == 3
    assert re.search(r"GRANT INSERT[^;]* ON public\.\"?appointment_pets", ended.err), ended.err
    clinic.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
