"""What goes wrong gets the right exit code, one clear message, and leaves nothing behind."""

import signal
from pathlib import Path

import pytest

from tests.plugins.command import Petrec, Spawn
from tests.plugins.databases import Database
from tests.plugins.forks import Completed
from tests.plugins.waiting import until

SECRET = "hunter%2fsecret"
WAITING = """SELECT count(*) FROM pg_locks l JOIN pg_stat_activity a USING (pid)
             WHERE NOT l.granted AND a.application_name LIKE 'petrec%%' AND a.datname = %s"""


def expect(ended: Completed, code: int, *words: str) -> None:
    assert ended.code == code, ended.err
    assert ended.out == ""
    assert 1 <= len(ended.err.splitlines()) <= 3, ended.err
    for word in words:
        assert word in ended.err
    for secret in (SECRET, "hunter/secret"):
        assert secret not in ended.err


def role(clinic: Database, name: str, *statements: str) -> str:
    """Make a role and return its URL; roles live as long as the server."""
    name = f"{name}_{clinic.name}"
    clinic.execute(f"CREATE ROLE {name} LOGIN")
    for statement in statements:
        clinic.execute(statement.format(role=name))
    return clinic.cluster.dsn(clinic.name, name)


def test_a_wrong_password_is_named_and_not_repeated(petrec: Petrec, clinic: Database) -> None:
    name = f"vet_{clinic.name}"
    clinic.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'right' IN ROLE needs_password")
    port = clinic.cluster.port
    url = f"postgresql://{name}:{SECRET}@127.0.0.1:{port}/{clinic.name}"
    expect(petrec("audit", dsn=url), 3, "password authentication failed", "PETREC_DATABASE_URL")
    right = url.replace(SECRET, "right").replace("postgresql:", "postgresql+psycopg:")
    clinic.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    assert petrec("audit", "--dsn", right).code == 1


def test_a_password_is_read_from_pgpass(petrec: Petrec, clinic: Database, tmp_path: Path) -> None:
    name = f"passed_{clinic.name}"
    clinic.execute(f"CREATE ROLE {name} LOGIN PASSWORD 'right' IN ROLE needs_password")
    clinic.execute(f"GRANT SELECT ON ALL TABLES IN SCHEMA public TO {name}")
    file = tmp_path / "pgpass"
    file.write_text(f"*:*:*:{name}:right\n")
    file.chmod(0o600)
    environment = {
        "PGPASSFILE": str(file),
        "PGHOST": "127.0.0.1",
        "PGPORT": str(clinic.cluster.port),
        "PGUSER": name,
        "PGDATABASE": clinic.name,
    }
    assert petrec("audit", **environment).code == 1


def test_a_server_that_does_not_answer_is_named(petrec: Petrec) -> None:
    expect(petrec("audit", dsn="postgresql://u:" + SECRET + "@127.0.0.1:1/x"), 3, "refused")


def test_a_database_that_does_not_exist_is_named(petrec: Petrec, clinic: Database) -> None:
    expect(petrec("audit", dsn=clinic.cluster.dsn("absent")), 3, "the database does not exist")


def test_malformed_dsn_is_not_repeated(petrec: Petrec) -> None:
    expect(petrec("audit", "--dsn", f"mysql://u:{SECRET}@h/x"), 2, "--dsn")


@pytest.mark.few(4)
@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DROP TABLE appointment_pets", ('"public"."appointment_pets"', "petrec.toml")),
        ("ALTER TABLE recordings RENAME TO recording", ("did you mean 'recording'",)),
        ("ALTER TABLE recordings RENAME pet_id TO pet", ("'pet_id'", "did you mean 'pet'")),
        ("ALTER TABLE recordings ALTER pet_id TYPE text", ("text", "uuid", "cast")),
        ("ALTER TABLE recordings DROP CONSTRAINT recordings_pkey", ("unique",)),
        ("CREATE TABLE old_recordings () INHERITS (recordings)", ("inherit", "INHERITS")),
        (
            "ALTER TABLE pets RENAME TO all_pets; CREATE VIEW pets AS TABLE all_pets",
            ('"public"."pets" is a view', "[mapping.tables] pets"),
        ),
    ],
)
def test_schema_that_does_not_fit(
    petrec: Petrec, clinic: Database, damage: str, words: tuple[str, ...]
) -> None:
    clinic.execute(damage)
    expect(petrec("audit", dsn=clinic.dsn), 2, *words)


def test_optional_tables_may_be_absent(petrec: Petrec, clinic: Database) -> None:
    clinic.execute("DROP TABLE api_logs")
    assert petrec("audit", dsn=clinic.dsn).code == 1


def test_role_without_select_is_told_the_grant(petrec: Petrec, clinic: Database) -> None:
    url = role(clinic, "nobody")
    for _ in range(4):
        ended = petrec("audit", dsn=url)
        expect(ended, 3, "GRANT SELECT ON")
        clinic.execute(ended.err.split("next: ")[1].strip())
    assert petrec("audit", dsn=url).code == 1


def test_the_grants_that_messages_name_are_enough(petrec: Petrec, clinic: Database) -> None:
    """SELECT alone audits and plans; the grants that the messages name make the rest work."""
    url = role(clinic, "reader", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    assert petrec("audit", dsn=url).code == 1
    assert petrec("backfill", dsn=url).code == 0
    ended = petrec("backfill", "--apply", "--yes", dsn=url)
    expect(ended, 3, "GRANT UPDATE (pet_id)")
    for grant in ended.err.split("next: ")[1].strip().rstrip(";").split(";"):
        clinic.execute(grant)
    ended = petrec("backfill", "--apply", "--yes", dsn=url)
    expect(ended, 3, "CREATE SCHEMA petrec AUTHORIZATION")
    clinic.execute(ended.err.split("administrator: ")[1].split(";")[0])
    assert petrec("backfill", "--apply", "--yes", dsn=url).code == 0
    assert clinic.execute("SELECT count(*) FROM petrec.changes") == [(395,)]


def test_row_level_security_is_not_counted_through(petrec: Petrec, clinic: Database) -> None:
    url = role(
        clinic, "blind", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}",
        "ALTER TABLE recordings ENABLE ROW LEVEL SECURITY",
    )  # fmt: skip
    expect(petrec("audit", dsn=url), 3, "row-level security")


def test_a_statement_that_takes_too_long_is_named(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    (tmp_path / "petrec.toml").write_text("[timeouts]\nread_statement_ms = 1\n")
    expect(petrec("audit", dsn=clinic.dsn), 3, "statement timeout")


def test_an_audit_that_waits_for_a_lock_ends_in_time(
    petrec: Petrec, clinic: Database, tmp_path: Path
) -> None:
    (tmp_path / "petrec.toml").write_text("[timeouts]\nread_lock_ms = 100\n")
    with clinic.connect(autocommit=False) as other:
        other.execute("LOCK TABLE recordings IN ACCESS EXCLUSIVE MODE")
        expect(petrec("audit", dsn=clinic.dsn), 3, "lock")


@pytest.mark.parametrize(
    "text", ["[mapping]\nshema = 'x'", "[mapping", "[mapping.tables]\npat='x'"]
)
def test_malformed_settings_are_named_by_their_file(
    petrec: Petrec, clinic: Database, tmp_path: Path, text: str
) -> None:
    (tmp_path / "petrec.toml").write_text(text)
    expect(petrec("audit", dsn=clinic.dsn), 2, "petrec.toml")


def test_an_audit_without_recordings_has_a_code_of_its_own(
    petrec: Petrec, clinic: Database
) -> None:
    clinic.execute("TRUNCATE recordings")
    assert petrec("audit", dsn=clinic.dsn).code == 5


def test_wrong_usage_names_what_is_right(petrec: Petrec, clinic: Database) -> None:
    assert petrec("audit", "--nonsense").code == 2
    expect(petrec("audit", "--rows", "nonsense", dsn=clinic.dsn), 2, "missing_ambiguous")
    expect(petrec("runs", "undo", "7", "--yes", dsn=clinic.dsn), 2, "no run 7")
    expect(petrec("backfill", "--apply", dsn=clinic.dsn), 2, "--yes")
    expect(petrec("backfill", "--touch", "filename", dsn=clinic.dsn), 2, "timestamp")


def test_output_that_cannot_be_written(petrec: Petrec, clinic: Database) -> None:
    expect(petrec("audit", "--output", "absent/audit.txt", dsn=clinic.dsn), 3, "absent/audit.txt")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_audit_leaves_no_file(
    spawn: Spawn, clinic: Database, tmp_path: Path, number: int
) -> None:
    with clinic.connect(autocommit=False) as other:
        other.execute("LOCK TABLE recordings IN ACCESS EXCLUSIVE MODE")
        process = spawn("audit", "--output", "audit.txt", dsn=clinic.dsn)
        until(lambda: clinic.execute(WAITING, (clinic.name,))[0][0])
        process.send_signal(number)
        out, err = process.communicate(timeout=60)
    assert (process.returncode, out, err) == (130, "", "petrec: interrupted\n")
    assert list(tmp_path.iterdir()) == []


def test_reader_that_stops_reading(spawn: Spawn, clinic: Database) -> None:
    process = spawn("audit", "--rows", "ok", dsn=clinic.dsn)
    process.stdout.readline()
    process.stdout.close()
    assert process.wait(60) == 141
    assert "Traceback" not in process.stderr.read()


def test_a_reader_plans_beside_a_journal_it_may_not_read(petrec: Petrec, clinic: Database) -> None:
    url = role(clinic, "planner", "GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role}")
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0
    assert petrec("audit", dsn=url).code == 1
    planned = petrec("backfill", dsn=url)
    assert (planned.code, planned.err) == (0, "")
    expect(petrec("runs", "list", dsn=url), 3, "permission denied for schema petrec")


def test_a_journal_of_a_newer_petrec_is_left_alone(petrec: Petrec, clinic: Database) -> None:
    assert petrec("backfill", "--apply", "--yes", dsn=clinic.dsn).code == 0
    clinic.execute("UPDATE petrec.alembic_version SET version_num = '9999_future'")
    before = clinic.checksum()
    expect(petrec("backfill", "--apply", "--yes", dsn=clinic.dsn), 3, "version", "newer")
    expect(petrec("runs", "undo", "1", "--yes", dsn=clinic.dsn), 3, "version", "newer")
    assert clinic.checksum() == before
