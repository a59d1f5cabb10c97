"""What the server would refuse is told before the first statement, all of it at once."""

import pytest

from petrec.cli.words import worded
from petrec.errors import UsageError
from petrec.features.constraints.plan import Request
from petrec.features.constraints.specs import GROUPS
from petrec.settings import Mapping
from tests.plugins.clean import clean, digest
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.parted import MISMATCHED
from tests.plugins.servers import BINARIES, running
from tests.plugins.stepping import connected

NO_KEY = "ALTER TABLE appointment_pets DROP CONSTRAINT appointment_pets_pkey"
REFUSED = {
    NO_KEY: "ADD UNIQUE (appointment_id, pet_id)",
    f"{NO_KEY}; ALTER TABLE appointment_pets ADD UNIQUE (appointment_id, pet_id) DEFERRABLE": (
        "deferrable"
    ),
    f"{NO_KEY}; CREATE UNIQUE INDEX u ON appointment_pets (appointment_id, pet_id)"
    " WHERE pet_id IS NOT NULL": "no primary key or unique constraint",
    f"{NO_KEY}; CREATE UNIQUE INDEX u ON appointment_pets"
    " ((appointment_id::text || pet_id::text))": "no primary key or unique constraint",
    "ALTER TABLE appointment_pets SET UNLOGGED": "SET LOGGED",
    "CREATE TABLE visits (id uuid PRIMARY KEY)": "keep visits",
    "CREATE VIEW visits AS SELECT 1 AS one": "keep visits",
    "ALTER TABLE recordings ADD CONSTRAINT fk_recordings_pet_id"
    " FOREIGN KEY (pet_id) REFERENCES pets (id) ON DELETE RESTRICT; CREATE INDEX"
    " idx_recordings_pet_status ON pets (name)": "keep idx_recordings_pet_status",
}
VIRTUAL = """
ALTER TABLE recordings DROP status, ADD status text GENERATED ALWAYS AS
    (CASE WHEN duration_seconds IS NULL THEN 'pending' ELSE 'uploaded' END) VIRTUAL
"""


@pytest.fixture
def ready(database: MakeDatabase, any_cluster: Cluster) -> Database:
    made = clean(database("clinic", any_cluster))
    made.execute(MISMATCHED)
    return made


@pytest.mark.few(4)
@pytest.mark.parametrize("seed", REFUSED)
def test_refused_before_the_first_statement(clinic: Database, seed: str) -> None:
    clean(clinic).execute(seed)
    wanted = Request(Mapping(), GROUPS, "CASCADE")
    with connected(clinic) as planner, pytest.raises(UsageError) as refused:
        wanted.plan(planner)
    assert REFUSED[seed] in f"{refused.value.reason} {worded(refused.value.hint)}"


def test_everything_that_the_role_lacks(petrec: Petrec, ready: Database) -> None:
    role = f"poor_{ready.name}"
    ready.execute(f"CREATE ROLE {role} LOGIN; REVOKE CREATE ON SCHEMA public FROM PUBLIC")
    ready.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    ready.execute(f"ALTER TABLE recordings OWNER TO {role}")
    before = digest(ready)
    dsn = ready.cluster.dsn(ready.name, role)
    planned = petrec("constraints", "plan", dsn=dsn)
    ended = petrec("constraints", "apply", "--yes", dsn=dsn)
    assert (planned.code, ended.code) == (0, 3), ended.err
    lacking = [f"GRANT CREATE ON SCHEMA public TO {role};"]
    lacking += [f"GRANT REFERENCES ON public.{t} TO {role};" for t in ("pets", "users")]
    for grant in lacking:
        assert grant in ended.err
        assert grant in planned.out
    assert digest(ready) == before
    for grant in (*lacking, f"GRANT REFERENCES ON appointments TO {role}"):
        ready.execute(grant)
    assert petrec("constraints", "apply", "--yes", dsn=dsn).code == 0


def test_tables_of_a_superuser_are_no_reason_to_make_another_one(
    petrec: Petrec, ready: Database
) -> None:
    role = f"reader_{ready.name}"
    ready.execute(f"CREATE ROLE {role} LOGIN")
    ready.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    dsn = ready.cluster.dsn(ready.name, role)
    assert petrec("constraints", "plan", dsn=dsn).code == 0
    ended = petrec("constraints", "apply", "--yes", dsn=dsn)
    assert (ended.code, "run the command as postgres" in worded(ended.err)) == (3, True), ended.err
    assert "GRANT postgres" not in ended.err


def test_readers_are_told_of_the_new_table(petrec: Petrec, ready: Database) -> None:
    ready.execute(f"CREATE ROLE audits_{ready.name}")
    ready.execute(f"GRANT SELECT ON recordings TO audits_{ready.name}")
    planned = petrec("constraints", "plan", dsn=ready.dsn)
    assert f"GRANT SELECT ON public.visits TO audits_{ready.name};" in planned.out


@pytest.mark.few(2)
@pytest.mark.parametrize(
    ("seed", "kept", "there"),
    [
        ("CREATE TABLE visits (id uuid PRIMARY KEY, pet_id uuid)", "visits", "fk_visits_pet_id"),
        ("CREATE VIEW visits AS SELECT 1 AS one", "visits", ""),
        ("ALTER TABLE recordings ADD CONSTRAINT mine FOREIGN KEY (pet_id) REFERENCES pets (id)"
         " ON DELETE SET NULL", "fk_recordings_pet_id", ""),
        ("CREATE INDEX idx_recordings_pet_id ON pets (name)", "idx_recordings_pet_id", ""),
    ],
)  # fmt: skip
def test_what_is_kept_stays_and_the_rest_is_made(
    petrec: Petrec, clinic: Database, seed: str, kept: str, there: str
) -> None:
    clean(clinic).execute(f"{seed}; CREATE TABLE p (LIKE recordings)")
    ignored = "[mapping]\nignore = ['visits']\n" if "VIEW" in seed else ""
    config = clinic.cluster.directory / f"{clinic.name}.toml"
    config.write_text(ignored)
    common = ("--keep", kept, "--config", str(config))
    ended = petrec("constraints", "apply", "--yes", *common, dsn=clinic.dsn)
    assert ended.code == 0, ended.err
    assert petrec("constraints", "status", *common, dsn=clinic.dsn).code == 0
    names = {n for (n,) in clinic.execute("SELECT conname FROM pg_constraint WHERE contype = 'f'")}
    assert there in {*names, ""}
    before = digest(clinic)
    assert petrec("constraints", "apply", "--yes", *common, dsn=clinic.dsn).code == 0
    assert digest(clinic) == before


def test_virtual_columns_have_no_index_and_the_rest_is_made(
    petrec: Petrec, database: MakeDatabase
) -> None:
    if max(BINARIES) < 18:
        pytest.skip("virtual generated columns came with version 18")
    made = clean(database("clinic", running(max(BINARIES))))
    made.execute(VIRTUAL)
    ended = petrec("constraints", "apply", "--yes", dsn=made.dsn)
    assert (ended.code, "virtual" in ended.out) == (0, True), ended.err


def test_an_unknown_object_is_not_kept(petrec: Petrec, clinic: Database) -> None:
    ended = petrec("constraints", "plan", "--keep", "nothing", dsn=clinic.dsn)
    assert (ended.code, "fk_recordings_pet_id" in ended.err) == (2, True)
