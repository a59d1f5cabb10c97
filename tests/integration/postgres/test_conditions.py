"""[mapping.where]: rows that do not count for any command, and conditions that are none."""

from pathlib import Path

import pytest

from tests.plugins.case_files import Row, candidates, read_csv
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.mappings import CLINIC, configure, counts, pets_of, remarks

TABLES = ("recordings", "pets", "appointments", "appointment_pets", "visits")
DELETABLE = "".join(f"ALTER TABLE {table} ADD deleted_at timestamptz;" for table in TABLES)
DELETIONS = {
    "recordings": "id IN (100, 102, 107)",
    "pets": "id IN (1, 4)",
    "appointments": "id IN (20, 30)",
    "appointment_pets": "(appointment_id, pet_id) IN ((10, 1), (30, 4), (40, 1))",
    "visits": "id IN (7, 9)",
}
HIDDEN_LINKS = {("link", "1", "10"), ("link", "4", "30"), ("link", "1", "40")}
WHERE = "[mapping.where]\n" + "".join(f'{table} = "deleted_at IS NULL"\n' for table in TABLES)


def _offered(cases: list[Row]) -> dict[str, set[tuple[str, ...]]]:
    """Return what each case offers: the verdict, the pet and the appointment."""
    return {case["recording_id"]: {tuple(each[1:]) for each in candidates(case)} for case in cases}


@pytest.mark.few(2)
@pytest.mark.parametrize("table", [*TABLES, "all"])
def test_a_row_that_does_not_count_is_as_good_as_deleted(
    petrec: Petrec, database: MakeDatabase, cluster: Cluster, tmp_path: Path, table: str
) -> None:
    """Marked rows and deleted rows give the same counts, the same pets, and the same cases."""
    marked, deleted = database("empty"), database("empty")
    loose = "SET session_replication_role = replica;"
    for name, rows in DELETIONS.items():
        chosen = table in {name, "all"}
        marked_rows = f"UPDATE {name} SET deleted_at = now() WHERE {rows};" if chosen else ""
        deleted_rows = f"DELETE FROM {name} WHERE {rows};" if chosen else ""
        if name == "recordings":
            marked.execute(CLINIC + DELETABLE)
            deleted.execute(CLINIC + DELETABLE)
        marked.execute(loose + marked_rows)
        deleted.execute(loose + deleted_rows)
    configure(tmp_path, WHERE)
    assert counts(petrec, marked) == counts(petrec, deleted)
    assert counts(petrec, marked, "--trust-constraints") == counts(petrec, marked)
    said = "only rows of pets where deleted_at IS NULL; constraints apply to all rows"
    assert said in remarks(petrec, marked, "backfill")
    cases = []
    for one in (marked, deleted):
        assert petrec("review", "export", f"{one.name}.csv", dsn=one.dsn).code in {0, 1}
        cases.append(read_csv(tmp_path / f"{one.name}.csv"))
    if table in {"appointment_pets", "all"}:
        # A link that is there, though it does not count, cannot be added.
        there, gone = map(_offered, cases)
        assert there == {key: offered - HIDDEN_LINKS for key, offered in gone.items()}
        # If all tables have a condition, neither do the pets of these links count.
        assert (there == gone) is (table == "all")
    else:
        assert cases[0] == cases[1]
    before = pets_of(marked)
    left = set(pets_of(deleted))
    for one in (marked, deleted):
        assert petrec("backfill", "--apply", "--yes", dsn=one.dsn).code in {0, 1}
    changed = {key: pet for key, pet in pets_of(marked).items() if key in left}
    assert changed == pets_of(deleted)
    assert {k: v for k, v in pets_of(marked).items() if k not in left} == {
        k: v for k, v in before.items() if k not in left
    }
    assert petrec("runs", "undo", "1", "--yes", dsn=marked.dsn).code in {0, 1, 2}
    assert pets_of(marked) == before


@pytest.mark.few(5)
@pytest.mark.parametrize(
    "condition",
    [
        "true) OR (true",
        "true; DROP TABLE pets",
        "true -- comment",
        "true /* comment */",
        "id IN (SELECT 1)",
        "EXISTS (TABLE pets)",
        "(VALUES (true))",
        "random() < 2",
        "clock_timestamp() > now()",
        "id",
        "missing_column IS NULL",
        "id = 1 AND",
        "name = E'a\\\\'",
        "name = E'\\\\'' OR id IN (1) OR name = E'\\\\''",
        "name <> e'x'",
        "name = $$a$$",
        "count(*) > 1",
        "owner_id OVER ()",
        "other.id = 1",
        "",
        "(true",
        "'a",
        '\\"id = 1',
    ],
)
def test_what_is_not_one_condition_is_refused(
    petrec: Petrec, empty_database: Database, tmp_path: Path, condition: str
) -> None:
    empty_database.execute(CLINIC)
    configure(tmp_path, f'[mapping.where]\npets = "{condition}"')
    ended = petrec("backfill", "--apply", "--yes", dsn=empty_database.dsn)
    assert (ended.code, "[mapping.where] pets cannot be used" in ended.err) == (2, True), ended.err


@pytest.mark.matrix
def test_conditions_of_many_forms(
    petrec: Petrec, database: MakeDatabase, any_cluster: Cluster, tmp_path: Path
) -> None:
    made = database("empty", any_cluster)
    made.execute(CLINIC)
    for condition, known in (
        ("name LIKE '%o%' OR name ~ ':x'", {3, 4}),
        ("name IN ('Rex', 'it''s', '--', ';')", {1}),
        ("CASE WHEN id > 2 THEN owner_id = 2 END", {3, 4}),
        ("coalesce(owner_id, 0) <> ALL (ARRAY[2, 3])", {1, 2}),
        ("now() > '2000-01-01'::timestamptz", {1, 2, 3, 4}),
    ):
        configure(tmp_path, f'[mapping.where]\npets = "{condition}"')
        gone = len({4, 3, 1} - known)
        assert counts(petrec, made).get("dangling_pet", 0) == gone


def test_what_looks_like_soft_deletion_is_named(
    petrec: Petrec, empty_database: Database, tmp_path: Path
) -> None:
    empty_database.execute(CLINIC + "ALTER TABLE pets ADD is_deleted boolean, ADD archived_at date")
    empty_database.execute("ALTER TABLE appointment_pets ADD deleted int DEFAULT 0")
    for command in ("audit", "backfill"):
        said = " ".join(remarks(petrec, empty_database, command))
        for line in ('pets = "is_deleted IS NOT TRUE"', 'pets = "archived_at IS NULL"',
                     'appointment_pets = "deleted = 0"'):  # fmt: skip
            assert line in said
    configure(tmp_path, '[mapping.where]\npets = "true"\nappointment_pets = "deleted = 0"')
    assert not any("is not checked" in r for r in remarks(petrec, empty_database, "audit"))


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("column", "line"),
    [
        ('"deletedAt" timestamptz', """pets = '"deletedAt" IS NULL'"""),
        ('"isDeleted" boolean', """pets = '"isDeleted" IS NOT TRUE'"""),
        ("date_deleted date", 'pets = "date_deleted IS NULL"'),
        ("is_removed boolean", 'pets = "is_removed IS NOT TRUE"'),
        ("deleted bigint", 'pets = "coalesce(deleted, 0) = 0"'),
    ],
)
def test_soft_deletion_is_known_as_frameworks_name_it_and_the_line_works(
    petrec: Petrec, empty_database: Database, tmp_path: Path, column: str, line: str
) -> None:
    empty_database.execute(CLINIC + f"ALTER TABLE pets ADD {column}, ADD undeleted_at date")
    said = remarks(petrec, empty_database, "audit")
    assert len(said) == 1
    assert said[0].endswith(f"set [mapping.where] {line}")
    configure(tmp_path, f"[mapping.where]\n{line}")
    assert counts(petrec, empty_database)["missing_ambiguous"] == 1
    assert len(remarks(petrec, empty_database, "audit")) == 1


def test_what_keeps_a_condition_from_being_checked_is_not_its_fault(
    petrec: Petrec, empty_database: Database, tmp_path: Path
) -> None:
    role = f"reader_{empty_database.name}"
    empty_database.execute(CLINIC + DELETABLE)
    empty_database.execute(f"""CREATE ROLE {role} LOGIN;
        GRANT SELECT ON recordings, visits, appointments, appointment_pets TO {role};
        GRANT SELECT (id, owner_id, name) ON pets TO {role}""")
    text = '[timeouts]\nread_lock_ms = 200\n[mapping.where]\npets = "deleted_at IS NULL"'
    configure(tmp_path, text)
    reader = empty_database.cluster.dsn(empty_database.name, role)
    # Column by column, a role has no system columns.
    for columns in ("id", "deleted_at"):
        empty_database.execute(f"GRANT SELECT ({columns}) ON pets TO {role}")
        denied = petrec("audit", dsn=reader)
        assert (denied.code, "[mapping.where] pets cannot be read" in denied.err) == (3, True)
        assert "next: GRANT SELECT on the whole table" in denied.err
    empty_database.execute(f"GRANT SELECT ON pets TO {role}")
    assert petrec("audit", dsn=reader).code in {0, 1}
    empty_database.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")
    with empty_database.connect(autocommit=False) as other:
        other.execute("LOCK TABLE pets IN ACCESS EXCLUSIVE MODE")
        waited = petrec("audit", dsn=empty_database.dsn)
    assert (waited.code, "could not acquire a lock in time" in waited.err) == (3, True)


def test_a_link_that_does_not_count_cannot_be_added_again(
    petrec: Petrec, empty_database: Database, tmp_path: Path
) -> None:
    """The table has the row, so that a second one would break its key."""
    empty_database.execute(CLINIC + DELETABLE)
    empty_database.execute("""
        UPDATE appointment_pets SET deleted_at = now() WHERE appointment_id = 10;
        INSERT INTO recordings (id, pet_id, appointment_id) VALUES (200, 2, 10)""")
    configure(tmp_path, WHERE)
    found = counts(petrec, empty_database)
    assert (found["mismatched"], found["missing_no_pets"]) == (2, 1)
    assert petrec("review", "export", "cases.csv", dsn=empty_database.dsn).code in {0, 1}
