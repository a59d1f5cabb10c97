"""What is a target: schemas with odd names, rows of odd queries, connections that are secret."""

import logging
import shlex
from collections.abc import Iterator
from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo

import petrec
from petrec.errors import PetrecError, UsageError
from petrec.operations.fleet import FleetTarget, TargetSource, find_targets
from petrec.operations.fleet.places import fill
from petrec.operations.session import Session
from tests.plugins.cluster import Cluster
from tests.plugins.databases import Database, databases

ODD = ('ward "D"', "ward_../x", "ward_[1]", "ward_%s", "--ward", "..", "ward\n1", "ward_é")


@pytest.fixture(scope="module")
def wards(cluster: Cluster) -> Iterator[Database]:
    """A database whose schemas have odd names; one of them has no recordings."""
    with databases(cluster) as make:
        made = make("empty")
        for name in (*ODD, "ward_plain"):
            made.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
            table = sql.Identifier(name, "recordings")
            made.execute(sql.SQL("CREATE TABLE {} (id integer)").format(table))
        made.execute("CREATE SCHEMA ward_bare")
        yield made


@pytest.fixture
def session(wards: Database) -> Session:
    return petrec.connect(wards.dsn)


def schemas(session: Session, *patterns: str, query: str = "") -> list[str]:
    return [each.schema for each in find_targets(session, TargetSource(patterns, None, query))]


def test_patterns_find_odd_names_and_a_name_finds_itself(session: Session) -> None:
    assert set(schemas(session, "*")) == {*ODD, "ward_plain"}
    assert schemas(session, "ward_[1]") == ["ward_[1]"]
    assert schemas(session, "ward_[!p]*", "ward_../x") == sorted(
        ["ward_../x", "ward_[1]", "ward_%s", "ward_é"]
    )


def test_a_file_of_a_target_stays_in_its_directory(session: Session) -> None:
    targets = find_targets(session, TargetSource(("*",)))
    for pattern in ("out/{schema}/{target}.html", "out/{target}/{schema}"):
        files = {fill(pattern, each) for each in targets}
        assert len(files) == len(targets)
        assert all(".." not in Path(file).parts and file.count("/") == 2 for file in files)
    assert fill("{schema}", FleetTarget("a", "{target}")) == "{target}"


def test_a_target_knows_the_labels_and_the_source_of_its_connection(
    session: Session, wards: Database
) -> None:
    query = "SELECT 'ward_plain' AS schema, current_database() AS dbname"
    (found,) = find_targets(session, TargetSource((), None, query))
    assert (found.database, found.table) == (wards.name, "ward_plain.recordings")
    (found,) = find_targets(session, TargetSource(("ward_plain",)))
    assert (found.database, found.source) == (wards.name, "dsn")


def test_what_cannot_be_found_stands_for_the_names_that_it_had(
    session: Session, wards: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither a service nor a default says which database it is until it can be reached."""
    parameters = conninfo_to_dict(wards.dsn)
    services, file = tmp_path / "services.conf", tmp_path / "servers.txt"
    file.write_text("service=wards\n")
    monkeypatch.setenv("PGSERVICEFILE", str(services))

    def found() -> tuple[FleetTarget, ...]:
        lines = (f"{name}={value}\n" for name, value in parameters.items())
        services.write_text("[wards]\n" + "".join(lines))
        return find_targets(session, TargetSource(("ward_*", "--ward", "ward_[1]"), file))

    before = found()
    parameters["port"] = "1"
    (down,) = found()
    assert down.problem is not None
    for each in before:
        assert any(fnmatchcase(each.name, pattern) for pattern in down.stands_for), each.name
    assert not any(fnmatchcase("service other/x/ward_1", each) for each in down.stands_for)


def test_every_target_has_a_name_of_its_own(wards: Database, tmp_path: Path) -> None:
    for name in ("twice", "twice (2)"):
        wards.execute(sql.SQL("CREATE SCHEMA {}").format(sql.Identifier(name)))
        table = sql.Identifier(name, "recordings")
        wards.execute(sql.SQL("CREATE TABLE {} (id integer)").format(table))
    file = tmp_path / "servers.txt"
    other = make_conninfo(wards.dsn, application_name="other")
    file.write_text("".join(f"{dsn}\n" for dsn in (wards.dsn, other, wards.dsn)))
    targets = find_targets(petrec.connect(wards.dsn), TargetSource(("twice*",), file))
    names = [each.name.rpartition("/")[2] for each in targets]
    assert sorted(names) == ["twice", "twice (2)", "twice (2) (2)", "twice (3)"]
    wards.execute('DROP SCHEMA twice CASCADE; DROP SCHEMA "twice (2)" CASCADE')


@pytest.mark.parametrize(
    ("query", "told"),
    [
        ("SELECT NULL AS schema", "has a row without schema"),
        ("SELECT 'ward_é' AS schema, NULL AS dbname", "has a row without dbname"),
        ("SELECT NULL AS dsn, NULL AS service", "has a row without dsn"),
        ("SELECT 'a' AS schema, 'b' AS schema", "has two columns schema"),
        ("SELECT 'a' AS schema, 1 AS size", "has a column 'size'"),
        ("SELECT 'a' AS schema WHERE false", "there is no target"),
        ("SELECT 'postgresql://a:s3cr3t@b:c@h/x' AS dsn", "is not a valid connection string"),
        ("SELECT 'a' AS schema; DROP SCHEMA ward_bare", "multiple commands"),
        ("DROP SCHEMA ward_bare", "read-only transaction"),
        ("SET search_path TO a", "has no columns"),
    ],
)
def test_a_query_that_names_no_targets_is_refused(session: Session, query: str, told: str) -> None:
    with pytest.raises(PetrecError, match=told) as refused:
        schemas(session, query=query)
    assert "s3cr3t" not in f"{refused.value} {refused.value.hint}"


def test_one_of_two_columns_for_the_server_is_enough(session: Session, wards: Database) -> None:
    query = f"""SELECT * FROM (VALUES ('{wards.dsn}', NULL, 'ward_é'), (NULL, 'clinics', 'north'))
                AS known (dsn, service, schema)"""
    first, second = find_targets(session, TargetSource((), None, query))
    assert first.name.endswith(f"{wards.name}/ward_é")
    assert second.name == "service clinics/north"
    assert schemas(session, query="SELECT '100 %' AS schema") == ["100 %"]


def test_a_file_of_connections_is_never_shown(session: Session, tmp_path: Path) -> None:
    file = tmp_path / "clinics.txt"
    file.write_text("# two\n\nhost=a password=s3cr3t\npostgresql://u:s3cr3t@b/x?schema=s3cr3t\n")
    with pytest.raises(UsageError, match=r"clinics\.txt, line 4 is not a valid") as refused:
        find_targets(session, TargetSource((), file))
    assert "s3cr3t" not in f"{refused.value} {refused.value.hint}"
    file.write_text("host=127.0.0.1 port=1 password=s3cr3t dbname=x\n")
    (down,) = find_targets(session, TargetSource(("a*",), file))
    assert down.problem is not None
    assert (down.database, down.source) == ("x", f"{file}, line 1")
    assert "s3cr3t" not in f"{down} {down.problem} {down.problem.hint}"
    with pytest.raises(UsageError, match="cannot read"):
        find_targets(session, TargetSource((), tmp_path))


@pytest.mark.parametrize(
    ("line", "mode", "warned"),
    [
        ("host=a password=s3cr3t", 0o644, True),
        ("postgresql://u:s3cr3t@a/x", 0o640, True),
        ("host=a sslpassword=s3cr3t", 0o602, True),
        ("host=a password=s3cr3t", 0o600, False),
        ("service=clinics", 0o644, False),
    ],
)
def test_passwords_that_other_users_may_read_are_warned_of_once(
    session: Session, tmp_path: Path, caplog: pytest.LogCaptureFixture,
    line: str, mode: int, warned: bool,
) -> None:  # fmt: skip
    file = tmp_path / "all clinics.txt"
    file.write_text(f"{line} \n{line}\n")
    file.chmod(mode)
    with caplog.at_level(logging.WARNING):
        assert find_targets(session, TargetSource((), file))
    advice = f"chmod 600 {shlex.quote(str(file))}"
    told = f"{file} has passwords, and other users have access to it: {advice}"
    assert caplog.messages == [told] * warned


def test_servers_with_sockets_in_different_directories_have_names_of_their_own(
    session: Session, tmp_path: Path
) -> None:
    file = tmp_path / "servers.txt"
    lines = ("host=/tmp/north", "host=/tmp/south/", "host=/var/run/postgresql", "port=5433")
    for order in (lines, lines[::-1]):
        file.write_text("".join(f"{line} dbname=x\n" for line in order))
        assert {each.name for each in find_targets(session, TargetSource((), file))} == {
            "local /tmp/north/x/public", "local /tmp/south/x/public", "local/x/public",
            "local:5433/x/public",
        }  # fmt: skip
