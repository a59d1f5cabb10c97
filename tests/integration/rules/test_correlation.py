"""What the commands compile, in every shape of schema, repeats no table of a query around it."""

from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, exists, select
from sqlalchemy.dialects.postgresql.base import PGDialect
from typer.testing import CliRunner

from petrec.cli.app import app
from tests.plugins.case_files import decide_some
from tests.plugins.correlation import take_repeated
from tests.plugins.databases import MakeDatabase
from tests.plugins.templates import DATA

COMMANDS = (
    "audit",
    "audit --rows missing_ambiguous",
    "validate",
    "report --no-history --json report.json",
    "constraints plan",
    "constraints plan --membership",
    "review export cases.csv",
    "review import cases.csv --apply --yes --reviewer Ada",
    "review status",
    "backfill",
    "backfill --sql",
    "backfill --apply --yes",
    "runs list",
    "runs undo 1 --yes",
    "review status",
    "audit",
)
SHAPES = ("with_visits", "partitioned", "integer_ids", "text_ids", "renamed")


@pytest.mark.few(1)
@pytest.mark.parametrize("shape", SHAPES)
def test_no_command_repeats_a_table_in_a_subquery(
    database: MakeDatabase,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    shape: str,
) -> None:
    """In this process, so that the plugin sees each statement."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PETREC_DATABASE_URL", database(shape).dsn)
    if shape == "renamed":
        (tmp_path / "petrec.toml").write_bytes((DATA / "shapes" / "renamed.toml").read_bytes())
    for command in COMMANDS:
        ended = CliRunner().invoke(app, command.split())
        assert ended.exit_code in {0, 1}, (command, ended.output, ended.exception)
        if command.startswith("review export"):
            decide_some(tmp_path / "cases.csv")
    assert take_repeated() == []


def test_a_query_that_lost_its_correlation_is_found() -> None:
    """A table of the query around the query around is not correlated by itself."""
    data = MetaData()
    tables = [Table(name, data, Column("id", Integer), Column("b", Integer)) for name in "abc"]
    one, two, three = (table.c for table in tables)
    inner = select(three.id).where(three.b == one.id)
    wrong = select(one.id).where(exists().where(two.id.in_(inner)))
    right = select(one.id).where(exists().where(two.id.in_(inner.correlate(tables[0]))))
    directly = select(one.id).where(one.id.in_(inner))
    every = tables[0].alias("every")
    meant = select(one.id).where(one.b.in_(select(every.c.id)))
    derived = select(one.id).join(select(one.b).subquery("d"), one.id == one.b)
    counts = []
    for query in (wrong, right, directly, meant, derived):
        query.compile(dialect=PGDialect())
        counts.append(len(take_repeated()))
    assert counts == [1, 0, 0, 0, 0]
