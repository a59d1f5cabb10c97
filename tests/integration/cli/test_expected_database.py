"""A command given the name of its database does nothing in another one."""

import pytest

from tests.plugins.command import Petrec
from tests.plugins.databases import Database


@pytest.mark.few(2)
@pytest.mark.parametrize(
    "command",
    [("audit",), ("backfill", "--apply", "--yes"), ("constraints", "apply", "--yes"), ("doctor",)],
)
def test_another_database_is_left_alone(
    petrec: Petrec, clinic: Database, command: tuple[str, ...]
) -> None:
    before = clinic.checksum()
    refused = petrec(*command, "--expect-database", "clinic_production", dsn=clinic.dsn)
    assert (refused.code, refused.out) == (2, "")
    assert f"'{clinic.name}', not 'clinic_production'" in refused.err
    assert clinic.checksum() == before
    assert clinic.execute("SELECT to_regnamespace('petrec')") == [(None,)]


def test_the_expected_database_is_worked_on(petrec: Petrec, clinic: Database) -> None:
    assert petrec("audit", "--expect-database", clinic.name, dsn=clinic.dsn).code == 1
