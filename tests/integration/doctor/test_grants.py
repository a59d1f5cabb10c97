"""The printed grants are enough for each task, no one too many, and can all be taken back."""

import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.plugins.command import Petrec
from tests.plugins.databases import Database
from tests.plugins.templates import DATA
from tools.fill_cases import decide


@pytest.fixture
def role(request: pytest.FixtureRequest) -> str:
    """The name of a role, which needs quotes."""
    return f"may {zlib.crc32(request.node.nodeid.encode())}"


def make_role(database: Database, role: str) -> str:
    """Make the role; returns its connection string."""
    database.execute(f'CREATE ROLE "{role}" LOGIN')
    return database.cluster.dsn(database.name, role.replace(" ", "%20"))


def drop_role(database: Database, role: str) -> None:
    database.execute(f'DROP OWNED BY "{role}"; DROP ROLE "{role}"')


def statements(petrec: Petrec, database: Database, *arguments: str) -> list[str]:
    printed = petrec("doctor", *arguments, dsn=database.dsn)
    assert printed.code == 0, printed.err
    return printed.out.splitlines()


@pytest.mark.few(1)
@pytest.mark.parametrize("shape", ["clinic", "renamed", "partitioned", "with_visits"])
def test_grants_are_enough_to_repair_and_take_back(
    petrec: Petrec, database: Callable[..., Database], tmp_path: Path, role: str, shape: str
) -> None:
    made = database(shape)
    if shape == "renamed":
        settings = (DATA / "shapes" / "renamed.toml").read_text()
        (tmp_path / "petrec.toml").write_text(settings)
    dsn, before = make_role(made, role), made.checksum()
    try:
        assert petrec("audit", dsn=dsn).code in {2, 3}
        for statement in statements(petrec, made, "--grants", role, "--for", "backfill,review"):
            made.execute(statement)
        assert petrec("audit", dsn=dsn).code == 1
        assert petrec("backfill", "--apply", "--yes", dsn=dsn).code == 0
        assert petrec("review", "export", "cases.csv", dsn=dsn).code == 0
        decide(tmp_path / "cases.csv")
        imported = petrec("review", "import", "cases.csv", "--apply", "--yes", dsn=dsn)
        assert imported.code == 0, imported.err
        assert petrec("audit", dsn=dsn).code == 0
        for run in ("2", "1"):
            assert petrec("runs", "undo", run, "--yes", dsn=dsn).code == 0
        assert made.checksum() == before
    finally:
        drop_role(made, role)


def test_no_grant_is_one_too_many_for_a_backfill(
    petrec: Petrec, clinic: Database, role: str
) -> None:
    dsn = make_role(clinic, role)
    clinic.execute("REVOKE ALL ON SCHEMA public FROM PUBLIC")
    try:
        script = statements(petrec, clinic, "--grants", role, "--for", "backfill")
        for statement in script:
            clinic.execute(statement)
        for statement in script:
            if not statement.startswith("GRANT"):
                continue
            revoke = statement.replace("GRANT", "REVOKE", 1).replace(" TO ", " FROM ")
            clinic.execute(revoke)
            refused = petrec("backfill", "--apply", "--yes", dsn=dsn)
            assert refused.code in {2, 3}, (statement, refused.out)
            clinic.execute(statement)
        assert petrec("backfill", "--apply", "--yes", dsn=dsn).code == 0
    finally:
        drop_role(clinic, role)


def test_an_auditor_may_read_four_tables_and_write_nothing(
    petrec: Petrec, clinic: Database, role: str
) -> None:
    dsn = make_role(clinic, role)
    try:
        for statement in statements(petrec, clinic, "--grants", role, "--for", "audit"):
            clinic.execute(statement)
        assert petrec("audit", dsn=dsn).code == 1
        assert petrec("backfill", "--apply", "--yes", dsn=dsn).code == 3
        granted = clinic.execute(
            "SELECT table_name, privilege_type FROM information_schema.role_table_grants"
            " WHERE grantee = %s ORDER BY 1", (role,),
        )  # fmt: skip
        names = ("appointment_pets", "appointments", "pets", "recordings")
        assert granted == [(name, "SELECT") for name in names]
    finally:
        drop_role(clinic, role)


def test_revoke_leaves_nothing_behind(petrec: Petrec, backfilled: Database, role: str) -> None:
    dsn = make_role(backfilled, role)
    try:
        for action in ("--grants", "--revoke"):
            for statement in statements(
                petrec, backfilled, action, role, "--for", "backfill,review"
            ):
                backfilled.execute(statement)
            assert petrec("audit", dsn=dsn).code == (1 if action == "--grants" else 3)
        left = backfilled.execute(
            "SELECT count(*) FROM pg_shdepend WHERE refclassid = 'pg_authid'::regclass"
            " AND refobjid = (SELECT oid FROM pg_roles WHERE rolname = %s)", (role,),
        )  # fmt: skip
        assert left == [(0,)]
    finally:
        drop_role(backfilled, role)
