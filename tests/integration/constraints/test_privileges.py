"""What a role lacks is told before the first statement, and the lines given for it suffice."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection

from petrec.features.constraints.plan import Request
from tests.integration.constraints.small import MAPPING, seed
from tests.plugins.cluster import Cluster
from tests.plugins.databases import MakeDatabase
from tests.plugins.stepping import connected, rehearse

TABLES = ("required", "visits", "membership")
PARTS = ("indexes", "required")
OWN = """
CREATE ROLE poor; CREATE ROLE others;
GRANT USAGE, CREATE ON SCHEMA small TO poor; GRANT SELECT ON ALL TABLES IN SCHEMA small TO poor;
ALTER TABLE recordings OWNER TO poor; ALTER TABLE pets OWNER TO poor;
ALTER TABLE appointments OWNER TO poor; ALTER TABLE appointment_pets OWNER TO poor;
ALTER TABLE users OWNER TO poor
"""
OWN_PARTS = f"""
{OWN}; GRANT USAGE, CREATE ON SCHEMA cold TO poor;
ALTER TABLE recordings_a OWNER TO poor; ALTER TABLE cold.recordings_b OWNER TO poor
"""
LACKING = {
    "REVOKE CREATE ON SCHEMA small FROM poor": "CREATE ON SCHEMA small",
    "ALTER TABLE pets OWNER TO others; GRANT SELECT ON pets TO poor;"
    " GRANT REFERENCES (name) ON pets TO poor": "GRANT REFERENCES ON small.pets",
    "REVOKE REFERENCES ON pets FROM poor": "GRANT REFERENCES ON small.pets",
    "ALTER TABLE appointment_pets OWNER TO others; GRANT SELECT ON appointment_pets TO poor;"
    " GRANT REFERENCES (pet_id) ON appointment_pets TO poor": "ON small.appointment_pets",
    "ALTER TABLE recordings OWNER TO others; GRANT SELECT ON recordings TO poor": (
        "GRANT others TO poor"
    ),
    "CREATE DOMAIN number AS int; ALTER TABLE pets ALTER id TYPE number;"
    " REVOKE USAGE ON TYPE number FROM PUBLIC": "GRANT USAGE ON TYPE small.number",
}
LACKING_PARTS = {
    "REVOKE USAGE ON SCHEMA cold FROM poor": "GRANT USAGE ON SCHEMA cold",
    "REVOKE CREATE ON SCHEMA cold FROM poor": "GRANT CREATE ON SCHEMA cold",
    "ALTER TABLE recordings_a OWNER TO others": "GRANT others TO poor",
    "ALTER TABLE recordings OWNER TO others; GRANT SELECT ON recordings TO poor": "GRANT others",
}
ENOUGH = (
    "ALTER TABLE pets OWNER TO others; GRANT SELECT, REFERENCES (id) ON pets TO poor",
    "REVOKE ALL ON users FROM poor; GRANT REFERENCES ON users TO poor",
    # A foreign key needs no ownership of a partitioned table that it refers to.
    "CREATE TABLE parted (LIKE pets, PRIMARY KEY (id)) PARTITION BY HASH (id);"
    " CREATE TABLE parted_a PARTITION OF parted FOR VALUES WITH (MODULUS 1, REMAINDER 0);"
    " INSERT INTO parted SELECT * FROM pets; DROP TABLE pets; ALTER TABLE parted RENAME TO pets;"
    " ALTER TABLE pets OWNER TO others; GRANT SELECT, REFERENCES ON pets TO poor",
)


# A run that was stopped after the first statements has left a visits table.
VISITS = """
CREATE TABLE visits (id int PRIMARY KEY, pet_id int, appointment_id int, visit_date timestamptz,
    visit_type text, status text, chief_complaint text, diagnosis text, treatment_plan text,
    notes text, follow_up_required bool, follow_up_date date, created_by int,
    created_at timestamptz, updated_at timestamptz);
ALTER TABLE visits OWNER TO poor
"""


@pytest.fixture
def planner(database: MakeDatabase, any_cluster: Cluster) -> Iterator[Connection]:
    with connected(database("empty", any_cluster)) as connection:
        yield connection


def as_poor(planner: Connection, wanted: Request) -> None:
    """Give what the plan says is lacking, and assert that it is all that was."""
    planner.exec_driver_sql("SET LOCAL ROLE poor")
    objects = {"", *(state.name for state in wanted.status(planner).objects)}
    for problem in wanted.plan(planner).missing:
        assert problem.object in objects
        planner.exec_driver_sql(f"RESET ROLE; {problem.fix}; SET LOCAL ROLE poor")
    assert not wanted.plan(planner).missing
    assert rehearse(planner, wanted.plan)
    assert wanted.status(planner).is_complete
    planner.rollback()


@pytest.mark.few(1)
@pytest.mark.parametrize("parted", [False, True])
def test_each_thing_that_may_be_lacking(planner: Connection, parted: bool) -> None:
    wanted = Request(MAPPING, PARTS if parted else TABLES, "CASCADE")
    own, lacking = (OWN_PARTS, LACKING_PARTS) if parted else (OWN, LACKING)
    for sql, fix in lacking.items():
        seed(planner, f"{own}; {sql}", parted=parted)
        planner.exec_driver_sql("SET LOCAL ROLE poor")
        missing = wanted.plan(planner).missing
        assert any(fix in each.fix for each in missing), (sql, missing)
        as_poor(planner, wanted)


def test_each_partition_for_a_group_alone(planner: Connection) -> None:
    """A key or NOT NULL of the table alters its partitions, without a statement on them."""
    for group in ("required", "visits"):
        seed(planner, f"{OWN_PARTS}; ALTER TABLE recordings_a OWNER TO others", parted=True)
        planner.exec_driver_sql("SET LOCAL ROLE poor")
        wanted = Request(MAPPING, (group,), "CASCADE")
        assert "GRANT others TO poor;" in {each.fix for each in wanted.plan(planner).missing}
        as_poor(planner, wanted)


def test_what_is_enough_is_not_called_missing(planner: Connection) -> None:
    wanted = Request(MAPPING, TABLES, "CASCADE")
    for sql in ENOUGH:
        seed(planner, f"{OWN}; {sql}")
        planner.exec_driver_sql("SET LOCAL ROLE poor")
        assert wanted.plan(planner).missing == ()
        as_poor(planner, wanted)


def test_rows_that_the_role_cannot_read_are_left_to_the_server(planner: Connection) -> None:
    wanted = Request(MAPPING, TABLES, "CASCADE")
    seed(
        planner,
        f"{OWN}; REVOKE ALL ON users FROM poor; GRANT REFERENCES ON users TO poor; {VISITS}",
    )
    planner.exec_driver_sql("SET LOCAL ROLE poor")
    plan = wanted.plan(planner)
    assert plan.missing == ()
    assert "fk_visits_created_by" in {step.object for step in plan.steps}
    assert wanted.obstacles(planner, plan.steps) == {}
    as_poor(planner, wanted)


def test_readers_of_recordings_read_visits(planner: Connection) -> None:
    """The owner of recordings is one of them, where another role applies the plan."""
    seed(planner, f'{OWN}; CREATE ROLE "An audit"; GRANT SELECT ON recordings TO "An audit"')
    plain = Request(MAPPING, ("visits",), "CASCADE")
    assert 'GRANT SELECT ON small.visits TO "An audit", poor' in " ".join(plain.plan(planner).notes)
    granting = Request(MAPPING, ("visits",), "CASCADE", grants=True)
    assert sum(s.startswith("GRANT") for s in rehearse(planner, granting.plan)) == 2
    assert granting.plan(planner).notes == ()
    allowed = "SELECT has_table_privilege('An audit', 'small.visits', 'SELECT')"
    assert planner.exec_driver_sql(allowed).scalar()
    dropping = Request(MAPPING, ("visits",), "CASCADE", drop_visits=True)
    rehearse(planner, dropping.rollback)
