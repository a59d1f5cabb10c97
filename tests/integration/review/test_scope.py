"""Exports by practice, vet and day, in the clinic's zone, with what people decide by."""

import json
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.plugins.case_files import candidates, decide, read_csv, write_csv
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, databases

PRACTICES = """SELECT r.id::text, coalesce(a.practice_id, u.practice_id)::text FROM recordings r
    LEFT JOIN appointments a ON a.id = r.appointment_id
    LEFT JOIN users u ON u.id = r.recorded_by_user_id"""


def test_split_files_hold_each_case_once_in_its_own_practice(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    every = petrec("review", "export", "all.csv", "--format", "json", dsn=clinic.dsn)
    made = petrec(
        "review", "export", "cases.csv", "--split", "practice", "--format", "json", dsn=clinic.dsn
    )
    assert made.code == 0, made.err
    shown = json.loads(made.out)
    assert len(shown["files"]) > 1
    assert shown["kinds"] == json.loads(every.out)["kinds"]
    belongs = {row[0]: row[1] for row in clinic.execute(PRACTICES)}
    found: Counter[str] = Counter()
    for name in shown["files"]:
        rows = read_csv(tmp_path / name)
        found.update(row["recording_id"] for row in rows)
        practice = name.removeprefix("cases-").removesuffix(".csv")
        assert {belongs[row["recording_id"]] or "no-practice" for row in rows} == {practice}
    assert found == Counter(row["recording_id"] for row in read_csv(tmp_path / "all.csv"))


def test_a_vet_is_chosen_by_id_or_by_full_name(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    ((vet, _),) = clinic.execute("""
        SELECT recorded_by_user_id::text, count(*) FROM recordings
        WHERE pet_id IS NULL AND appointment_id IS NULL GROUP BY 1 ORDER BY 2 DESC LIMIT 1""")
    clinic.execute("UPDATE users SET full_name = 'Dr. Only One' WHERE id = %s", (vet,))
    chosen = [
        [row["recording_id"] for row in _export(petrec, clinic, tmp_path, "--vet", wanted)]
        for wanted in (vet, "Dr. Only One")
    ]
    mine = clinic.execute(
        """SELECT r.id::text FROM recordings r LEFT JOIN appointments a ON a.id = r.appointment_id
        WHERE %(vet)s::uuid IN (r.recorded_by_user_id, a.assigned_vet_user_id)""",
        {"vet": vet},
    )
    assert chosen[0]
    assert chosen[0] == chosen[1]
    assert set(chosen[0]) <= {row[0] for row in mine}


def test_days_are_those_of_the_zone(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    ((late,),) = clinic.execute("""
        UPDATE recordings SET created_at = '2025-03-02 03:30+00' WHERE id = (SELECT id
        FROM recordings WHERE pet_id IS NULL AND appointment_id IS NULL ORDER BY id LIMIT 1)
        RETURNING id::text""")
    day = ("--since", "2025-03-01", "--until", "2025-03-01")
    here = _export(petrec, clinic, tmp_path, *day, "--timezone", "America/Los_Angeles")
    there = _export(petrec, clinic, tmp_path, *day)
    mine = {row["recording_id"]: row for row in here}
    assert mine[late]["created_at"] == "2025-03-01 19:30"
    assert late not in {row["recording_id"] for row in there}


def test_pets_of_the_local_day_are_offered_and_accepted(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    """An evening in Los Angeles is the next day in UTC."""
    ((recording,),) = clinic.execute("""
        UPDATE recordings SET created_at = '2031-03-02 03:30+00' WHERE id = (SELECT id
        FROM recordings WHERE pet_id IS NULL AND appointment_id IS NULL ORDER BY id LIMIT 1)
        RETURNING id::text""")
    ((place,),) = clinic.execute("""
        UPDATE appointments SET appointment_date = '2031-03-01 18:00+00' WHERE id = (SELECT
        appointment_id FROM appointment_pets ORDER BY 1 LIMIT 1) RETURNING id::text""")
    zone = ("--timezone", "America/Los_Angeles")
    rows = _export(petrec, clinic, tmp_path, *zone, "--since", "2031-03-01")
    (row,) = [row for row in rows if row["recording_id"] == recording]
    assert {choice[3] for choice in candidates(row)} == {place}
    path = decide(write_csv(tmp_path / "decided.csv", [row]))
    done = petrec("review", "import", path.name, "--apply", "--yes", *zone, dsn=clinic.dsn)
    assert done.code == 0, done.out + done.err
    told = "SELECT appointment_id::text FROM recordings WHERE id = %s"
    assert clinic.execute(told, (recording,)) == [(place,)]


def test_owner_and_vet_are_told_by_name(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    rows = _export(petrec, clinic, tmp_path)
    known = {
        row[0]: row[1:]
        for row in clinic.execute("""
            SELECT r.id::text, coalesce(o.full_name, ''), coalesce(v.full_name, ''),
            coalesce(u.full_name, '') FROM recordings r
            LEFT JOIN appointments a ON a.id = r.appointment_id
            LEFT JOIN pet_owners o ON o.id = a.pet_owner_id
            LEFT JOIN users v ON v.id = a.assigned_vet_user_id
            LEFT JOIN users u ON u.id = r.recorded_by_user_id""")
    }
    assert len({row["owner"] for row in rows}) > 2
    for row in rows:
        assert (row["owner"], row["vet"], row["recorded_by"]) == known[row["recording_id"]]


def test_without_tables_of_people_the_cases_are_the_same(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    before = _export(petrec, clinic, tmp_path)
    clinic.execute("DROP TABLE pet_owners CASCADE")
    after = _export(petrec, clinic, tmp_path)
    keys = ("recording_id", "state", "pet_id", "appointment_id")
    assert [[row[key] for key in keys] for row in after] == [
        [row[key] for key in keys] for row in before
    ]
    assert {row["owner"] for row in after} == {""}


def test_an_unknown_zone_and_a_missing_column_are_named(petrec: Petrec, clinic: Database) -> None:
    ended = petrec("review", "export", "a.csv", "--timezone", "Mars/Base", dsn=clinic.dsn)
    assert (ended.code, "Mars/Base" in ended.err) == (2, True)
    clinic.execute("""ALTER TABLE appointments DROP COLUMN practice_id CASCADE;
        ALTER TABLE users DROP COLUMN practice_id CASCADE""")
    ended = petrec("review", "export", "a.csv", "--split", "practice", dsn=clinic.dsn)
    assert (ended.code, "appointments.practice_id" in ended.err) == (2, True)


@pytest.mark.few(3)
@pytest.mark.parametrize(
    ("option", "wanted", "told"),
    [
        ("--kind", "missing_ambigous", "did you mean 'missing_ambiguous'"),
        ("--kind", "missing_inferable", "need no person"),
        ("--kind", "ok", "unknown kind: ok"),
        ("--practice", "4B7ACO35", "none of the practices is like it: "),
        ("--vet", "anna MULLER", "did you mean 'Anna Müller'?"),
        ("--vet", "", "unknown vet: "),
        ("--since", "2999-01-02", "the first day, 2999-01-02, is after the last, 2999-01-01"),
    ],
)
def test_what_the_database_does_not_know_is_an_error_and_leaves_no_file(
    petrec: Petrec, named: Database, tmp_path: Path, option: str, wanted: str, told: str
) -> None:
    command = ["review", "export", "new.csv", option, wanted]
    more = ["--until", "2999-01-01"] if option == "--since" else []
    ended = petrec(*command, *more, dsn=named.dsn)
    assert (ended.code, ended.out) == (2, "")
    assert told in " ".join(ended.err.split())
    assert not (tmp_path / "new.csv").exists()


def test_an_unknown_practice_names_the_nearest(petrec: Petrec, named: Database) -> None:
    ((practice,),) = named.execute("SELECT min(practice_id::text) FROM appointments")
    ended = petrec("review", "export", "new.csv", "--practice", practice.upper(), dsn=named.dsn)
    assert (ended.code, f"did you mean '{practice}'" in " ".join(ended.err.split())) == (2, True)


def test_a_vet_without_cases_is_known(petrec: Petrec, named: Database, tmp_path: Path) -> None:
    assert petrec("review", "export", "new.csv", "--vet", "Idle", dsn=named.dsn).code == 0
    assert read_csv(tmp_path / "new.csv") == []


@pytest.fixture(scope="module")
def named(cluster: Cluster) -> Iterator[Database]:
    """A clinic with vets of known names, to be read only."""
    with databases(cluster) as make:
        found = make()
        found.execute("""
            UPDATE users SET full_name = 'Anna Müller'
            WHERE id = (SELECT min(id::text) FROM users)::uuid;
            INSERT INTO users SELECT (jsonb_populate_record(u, jsonb_build_object(
                'id', gen_random_uuid(), 'full_name', 'Idle', 'email', 'idle@clinic.example'))).*
            FROM users u LIMIT 1""")
        yield found


def _export(petrec: Petrec, clinic: Database, home: Path, *options: str) -> list[dict[str, str]]:
    made = petrec("review", "export", "cases.csv", *options, dsn=clinic.dsn)
    assert made.code == 0, made.err
    return read_csv(home / "cases.csv")
