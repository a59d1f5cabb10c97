"""What a server's catalog tells of its engine, tried on catalogs made up to look like another's."""

import json

import pytest

from tests.plugins.command import Petrec
from tests.plugins.databases import Database

CITUS = """
SET allow_system_table_mods = on;
CREATE TABLE pg_catalog.pg_dist_local_group (groupid int);
INSERT INTO pg_catalog.pg_dist_local_group VALUES ({group});
GRANT SELECT ON pg_catalog.pg_dist_local_group TO PUBLIC;
CREATE TABLE pg_catalog.pg_dist_partition (
  logicalrelid regclass, partmethod "char", partkey text, colocationid int, repmodel "char");
CREATE FUNCTION pg_catalog.column_to_column_name(regclass, text) RETURNS text
  LANGUAGE sql RETURN $2;
"""


@pytest.mark.parametrize("command", ["audit", "backfill", "validate"])
def test_a_citus_worker_is_refused_before_anything_is_written(
    clinic: Database, petrec: Petrec, command: str
) -> None:
    clinic.execute(CITUS.format(group=2))
    ended = petrec(command, dsn=clinic.dsn)
    assert (ended.code, "this is a Citus worker" in ended.err) == (2, True), ended.err
    assert clinic.execute("SELECT to_regnamespace('petrec')") == [(None,)]


def test_a_citus_coordinator_with_local_tables_is_audited(clinic: Database, petrec: Petrec) -> None:
    clinic.execute(CITUS.format(group=0))
    ended = petrec("audit", "--format", "json", dsn=clinic.dsn)
    assert json.loads(ended.out)["total"] > 0
