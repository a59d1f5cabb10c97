"""Whatever tables and columns are called: made, seen, taken away, and written as revisions."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql
from sqlalchemy import Connection

from petrec.features.constraints.alembic.export import make_revisions
from petrec.features.constraints.alembic.tree import Tree
from petrec.features.constraints.names import LONGEST, cut, joined, unlike_others
from petrec.features.constraints.plan import Request
from petrec.settings import Mapping
from tests.plugins.alembic_project import HostProject
from tests.plugins.clean import clean, digest
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.mappings import configure
from tests.plugins.stepping import connected, drive

NAMES = (
    "записи_приёмов_клиники_архив",
    'a "quoted" name',
    "100% :done {now} %(x)s %%",
    ":id",
    "it's",
    "é" * 31 + "x",
    "n" * 63,
    "名" * 21,
    "Select",
)
EVERYTHING = ("indexes", "required", "visits", "membership", "appointment-fk")
PARTS = """
DELETE FROM recordings r WHERE NOT EXISTS (
    SELECT FROM appointment_pets p
    WHERE (p.appointment_id, p.pet_id) = (r.appointment_id, r.pet_id))
"""


@pytest.fixture
def made(database: MakeDatabase, any_cluster: Cluster) -> Database:
    ready = clean(database("clinic", any_cluster))
    ready.execute(PARTS)
    return ready


@pytest.fixture
def planner(made: Database) -> Iterator[Connection]:
    with connected(made) as connection:
        yield connection


def renamed(made: Database, name: str) -> Mapping:
    """Give one name to the schema, to recordings and pets, and to the columns of recordings."""
    other = cut(name, LONGEST - 1) + "2"
    column = sql.SQL("ALTER TABLE public.recordings RENAME {} TO {}")
    table = sql.SQL("ALTER TABLE public.{} RENAME TO {}")
    with made.connect() as connection:
        for old, new in (("pet_id", name), ("appointment_id", other)):
            connection.execute(column.format(sql.Identifier(old), sql.Identifier(new)))
        for old, new in (("recordings", name), ("pets", other)):
            connection.execute(table.format(sql.Identifier(old), sql.Identifier(new)))
        connection.execute(sql.SQL("ALTER SCHEMA public RENAME TO {}").format(sql.Identifier(name)))
        connection.execute("CREATE SCHEMA public")
    return Mapping(
        schema=name,
        tables={"recordings": name, "pets": other},
        columns={
            "recordings": {
                "pet_id": name,
                "appointment_id": other,
                "visit_id": cut(name, LONGEST - 1) + "3",
            }
        },
    )


@pytest.mark.few(1)
@pytest.mark.parametrize(
    "name", [*NAMES[:3], *(pytest.param(n, marks=pytest.mark.full) for n in NAMES[3:])]
)
def test_there_and_back_under_any_name(made: Database, planner: Connection, name: str) -> None:
    mapping = renamed(made, name)
    before = digest(made)
    wanted = Request(mapping, EVERYTHING, "CASCADE")
    drive(made, planner, wanted.plan)
    status = wanted.status(planner)
    assert status.is_complete
    assert {each.actual for each in status.objects} <= {each.name for each in status.objects} | {""}
    planner.rollback()
    dropping = Request(mapping, EVERYTHING, "CASCADE", drop_visits=True)
    assert dropping.filled(planner) == {}
    drive(made, planner, dropping.rollback)
    assert digest(made) == before


@pytest.mark.parametrize(
    "name", ["vet :data", *(pytest.param(n, marks=pytest.mark.full) for n in NAMES)]
)
def test_commands_under_any_name(
    made: Database, petrec: Petrec, tmp_path: Path, name: str, host_project: HostProject
) -> None:
    mapping = renamed(made, name)
    lines = [f"[mapping]\nschema = {json.dumps(mapping.schema)}", "[mapping.tables]"]
    lines += [f"{logical} = {json.dumps(each)}" for logical, each in mapping.tables.items()]
    lines += ["[mapping.columns.recordings]"]
    # A column that is configured must be there, and visit_id is still to come.
    columns = {k: v for k, v in mapping.columns["recordings"].items() if k != "visit_id"}
    lines += [f"{logical} = {json.dumps(each)}" for logical, each in columns.items()]
    configure(tmp_path, "\n".join(lines))
    project = host_project(made.dsn)
    plan = ("constraints", "plan", "--membership")
    commands: list[tuple[tuple[str, ...], set[int]]] = [
        (("audit",), {0, 1}),
        (plan, {0}),
        ((*plan, "--sql"), {0}),
        (("constraints", "export", "--membership", "--alembic", str(project.directory)), {0}),
        (("constraints", "status", "--membership"), {1}),
        (("constraints", "apply", "--membership", "--yes"), {0}),
        (("constraints", "status", "--membership"), {0}),
        (("constraints", "rollback", "--membership", "--drop-visits", "--yes"), {0}),
    ]
    for command, codes in commands:
        ended = petrec(*command, dsn=made.dsn)
        assert ended.code in codes, (command, ended.out, ended.err)


@pytest.mark.few(1)
@pytest.mark.parametrize("name", NAMES[:3])
def test_revisions_under_any_name(made: Database, host_project: HostProject, name: str) -> None:
    mapping = renamed(made, name)
    project = host_project(made.dsn)
    assert project.alembic("upgrade", "first").code == 0
    before = digest(made)
    wanted = Request(mapping, ("required", "membership"), "CASCADE")
    with connected(made) as connection:
        tree = Tree(project.directory)
        tree.write(make_revisions(connection, wanted, tree.head, 300))
    for command, target in (("upgrade", "head"), ("downgrade", "first")):
        ended = project.alembic(command, target)
        assert ended.code == 0, ended.err
        with connected(made) as connection:
            assert wanted.status(connection).is_complete is (command == "upgrade")
    assert digest(made) == before


def test_names_are_cut_between_characters() -> None:
    for name in NAMES:
        for length in range(1, 64):
            assert name.startswith(cut(name, length))
            assert len(cut(name, length).encode()) <= length
        assert len(joined(name, "_pet_id_not_null").encode()) <= LONGEST
        assert joined(name, "_ending").endswith("_ending")
        assert len(unlike_others(name * 3, name).encode()) <= LONGEST
        assert unlike_others(name * 3, name) != unlike_others(name * 4, name)
