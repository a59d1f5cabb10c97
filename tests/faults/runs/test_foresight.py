"""A plan says all that would stop its run, and what the run would meet, before it writes."""

import json
from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from sqlalchemy import Connection, create_engine
from sqlalchemy.pool import NullPool

from petrec.features.backfill.plan import preview
from petrec.features.runs.foresight import foresee
from petrec.features.runs.targets import make_target
from petrec.postgres.preflight import load_schema
from petrec.settings import Settings
from tests.plugins.case_files import decide
from tests.plugins.cluster import Cluster
from tests.plugins.command import Petrec
from tests.plugins.databases import Database, MakeDatabase
from tests.plugins.exports import Exported
from tests.plugins.runs import APPLY

PLANNED = """FROM public.recordings r WHERE pet_id IS NULL AND 1 = (
    SELECT count(*) FROM public.appointment_pets ap WHERE ap.appointment_id = r.appointment_id)"""
# SQL that makes the tables odd, and what a plan says of it.
ODD = {
    "unlogged": (
        "ALTER TABLE public.recordings SET UNLOGGED",
        "public.recordings is unlogged: after a crash of the server it is empty",
    ),
    "unlogged_links": (
        "ALTER TABLE public.appointment_pets SET UNLOGGED",
        "public.appointment_pets is unlogged: after a crash of the server it is empty",
    ),
    "deferred": (
        """ALTER TABLE public.recordings ADD CONSTRAINT late UNIQUE (s3_key)
           DEFERRABLE INITIALLY DEFERRED""",
        'constraint "late" is checked when a batch commits: petrec finds a refused row by trying '
        "smaller batches",
    ),
    "check": (
        f"""UPDATE public.recordings SET file_size_bytes = -1 WHERE id IN (
            SELECT id {PLANNED} ORDER BY id LIMIT 7);
            ALTER TABLE public.recordings ADD CONSTRAINT "sa%ne" CHECK (file_size_bytes >= 0
            AND filename <> ':x' AND pet_id IS NOT NULL) NOT VALID""",
        'constraint "sa%ne" is NOT VALID: 7 planned recordings are refused by it and skipped',
    ),
    "whole_row": (
        """ALTER TABLE public.recordings ADD CONSTRAINT whole
           CHECK (recordings IS NOT NULL OR true) NOT VALID""",
        'constraint "whole" is NOT VALID: 0 planned recordings are refused by it and skipped',
    ),
}
MOVED = """
ALTER TABLE recordings DROP CONSTRAINT recordings_pkey CASCADE;
ALTER TABLE recordings RENAME TO whole;
DELETE FROM whole WHERE appointment_id IS NULL;
CREATE TABLE recordings (LIKE whole INCLUDING ALL, PRIMARY KEY (id, appointment_id))
  PARTITION BY HASH (appointment_id);
CREATE TABLE recordings_0 PARTITION OF recordings FOR VALUES WITH (MODULUS 2, REMAINDER 0);
CREATE TABLE recordings_1 PARTITION OF recordings
  FOR VALUES WITH (MODULUS 2, REMAINDER 1);
INSERT INTO recordings SELECT * FROM whole;
CREATE TABLE shares (recording uuid, appointment uuid,
  CONSTRAINT of_recording FOREIGN KEY (recording, appointment) REFERENCES recordings);
"""


def connected(clinic: Database) -> Connection:
    url = clinic.dsn.replace("postgresql:", "postgresql+psycopg:")
    return create_engine(url, poolclass=NullPool).connect()


def warnings(connection: Connection, **more: Any) -> set[str]:
    """Return what a backfill's plan tells, and that of a run that writes more."""
    schema = load_schema(connection, Settings().mapping)
    target = make_target(schema)
    foresight = foresee(connection, schema, msgspec.structs.replace(target, **more))
    return set(foresight.warnings) | set(preview(connection, schema, target).warnings)


def test_odd_tables_are_told(database: MakeDatabase, any_cluster: Cluster) -> None:
    clinic = database("clinic", any_cluster)
    with connected(clinic) as connection:
        for name, (sql, remark) in ODD.items():
            with connection.begin() as transaction:
                assert warnings(connection, links=True) == set(), name
                connection.exec_driver_sql(sql.replace("%", "%%"))
                assert warnings(connection, links=True) == {remark}, name
                transaction.rollback()


def test_a_moved_key_is_told(database: MakeDatabase, any_cluster: Cluster) -> None:
    clinic = database("clinic", any_cluster)
    clinic.execute(MOVED)
    with connected(clinic) as connection, connection.begin():
        assert warnings(connection) == set()
        assert warnings(connection, also=("appointment_id",)) == {
            "public.recordings is partitioned by appointment_id: a row moves to another "
            "partition, and triggers on DELETE and INSERT fire",
            "appointment_id is part of the key of public.recordings: a recording that moves to "
            "another appointment changes its key",
            'foreign key "of_recording" of public.shares does not cascade a changed key: the '
            "server refuses recordings that it references",
        }


@pytest.mark.no_journal
def test_all_that_is_lacking_is_told_at_once(
    petrec: Petrec, clinic: Database, exported: Exported
) -> None:
    decided = str(decide(exported("cases.csv")))
    role = f"reader_{clinic.name}"
    clinic.execute(f"""CREATE ROLE {role} LOGIN; GRANT USAGE ON SCHEMA public TO {role};
        GRANT SELECT ON ALL TABLES IN SCHEMA public TO {role};
        CREATE RULE other AS ON UPDATE TO recordings WHERE false DO ALSO SELECT 1;
        ALTER ROLE {role} SET default_transaction_read_only = on""")
    dsn = clinic.dsn.replace("//postgres@", f"//{role}@")
    try:
        planned = json.loads(petrec("backfill", "--format", "json", dsn=dsn).out)
        reviewed = petrec("review", "import", decided, "--format", "json", dsn=dsn)
        wanted = [
            f"it needs GRANT UPDATE (pet_id) ON public.recordings TO {role};",
            f"it needs GRANT UPDATE (id) ON public.appointments TO {role};",
            'rule "other" rewrites UPDATE on public.recordings: drop it first',
            f"it needs GRANT CREATE ON DATABASE {clinic.name} TO {role};",
        ]
        assert planned["obstacles"] == wanted
        told = json.loads(reviewed.out)
        assert set(told["obstacles"]) > set(wanted)
        grant = f"it needs GRANT INSERT (pet_id) ON public.appointment_pets TO {role};"
        assert grant in told["obstacles"]
        assert any("default_transaction_read_only" in one for one in told["warnings"])
        refused = petrec(*APPLY, dsn=dsn)
        assert refused.code == 3
        assert 'rule "other"' in refused.err
        assert "GRANT UPDATE (pet_id)" in refused.err
    finally:
        clinic.execute(f"DROP OWNED BY {role}; DROP ROLE {role}")


def test_a_standby_is_read_and_told(
    private_cluster: Callable[[], Cluster], database: MakeDatabase, petrec: Petrec
) -> None:
    primary = private_cluster()
    clinic = database("clinic", primary)
    standby = primary.make_standby()
    try:
        dsn = standby.dsn(clinic.name)
        planned = petrec("backfill", "--format", "json", dsn=dsn)
        assert planned.code == 0, planned.err
        told = json.loads(planned.out)["obstacles"]
        assert told == ["this server is a standby, which is read-only"]
        assert petrec("review", "export", "cases.csv", dsn=dsn).code == 0
        refused = petrec(*APPLY, dsn=dsn)
        assert (refused.code, "connect to the primary" in refused.err) == (3, True)
    finally:
        standby.remove()
