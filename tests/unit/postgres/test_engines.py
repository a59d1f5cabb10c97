"""Other databases are known by what they say of their version; every PostgreSQL passes."""

import pytest

from petrec.errors import UnsupportedServerError
from petrec.postgres.engines import check_version

OTHERS = {
    "CockroachDB CCL v24.1.2 (x86_64-pc-linux-gnu, built 2024/06/20)": "CockroachDB",
    "PostgreSQL 11.2-YB-2.20.1.0-b0 on x86_64-pc-linux-gnu": "YugabyteDB",
    "PostgreSQL 15.2-YB-2025.1.0.0-b0 on aarch64-unknown-linux-gnu": "YugabyteDB",
    "PostgreSQL 12.12 (Greenplum Database 7.1.0 build commit:e7c2b1f) on x86_64": "Greenplum",
    "PostgreSQL 14.4 (Cloudberry Database 1.5.2 build 1) on x86_64": "Cloudberry",
    "PostgreSQL 14.4 (Apache Cloudberry 2.0.0-incubating build dev) on x86_64": "Cloudberry",
}
POSTGRESQL = (
    "PostgreSQL 18.1 on x86_64-pc-linux-gnu, compiled by gcc",
    "PostgreSQL 14.19 (Debian 14.19-1.pgdg120+1) on x86_64-pc-linux-gnu",
    "PostgreSQL 16.4 on aarch64-unknown-linux-gnu, compiled by aarch64-amazon-linux (Aurora)",
    "PostgreSQL 17.5 (Ubuntu 17.5-YBuild) on x86_64",
)


@pytest.mark.parametrize(("version", "name"), OTHERS.items(), ids=list(OTHERS.values()))
def test_another_engine_is_refused_by_name(version: str, name: str) -> None:
    with pytest.raises(UnsupportedServerError, match=name):
        check_version(version)


@pytest.mark.parametrize("version", POSTGRESQL)
def test_versions_of_postgresql_are_accepted(version: str) -> None:
    check_version(version)
