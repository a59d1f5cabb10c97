"""Cases of one practice cost no more than those of all: nothing is compared row by row."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import Connection, Select

from petrec.features.review import cases
from petrec.features.review.query import REVIEWED
from petrec.features.review.scope import CaseScope
from petrec.postgres.connection import make_engine
from petrec.postgres.dsn import resolve_dsn
from petrec.postgres.preflight import load_schema
from petrec.postgres.snapshot import read_snapshot
from petrec.settings import Mapping, Settings
from tests.plugins.databases import Database
from tests.plugins.plans import EXPLAIN, nodes


@pytest.mark.parametrize("before", ["on", "off"])
def test_the_surroundings_of_a_practice_are_joined_by_hash_and_other_queries_as_before(
    clinic: Database, monkeypatch: pytest.MonkeyPatch, before: str
) -> None:
    plans: list[dict[str, Any]] = []

    @contextmanager
    def explained(connection: Connection, query: Select[Any], **_: Any) -> Iterator[list[Any]]:
        compiled = query.compile(connection.engine, compile_kwargs={"render_postcompile": True})
        driver = connection.connection.driver_connection
        assert driver is not None
        told = driver.execute(f"{EXPLAIN} {compiled}", compiled.params)
        plans.append(told.fetchone()[0][0]["Plan"])
        yield []

    monkeypatch.setattr(cases, "stream_copy", explained)
    clinic.execute("ANALYZE")
    practices = [str(row[0]) for row in clinic.execute("SELECT DISTINCT practice_id FROM users")]
    scope = CaseScope(practices=tuple(practices))
    with read_snapshot(
        make_engine(resolve_dsn(clinic.dsn, None), Settings(), "test")
    ) as connection:
        schema = load_schema(connection, Mapping())
        connection.exec_driver_sql(f"SET LOCAL enable_nestloop = {before}")
        assert list(cases.stream_cases(connection, schema, REVIEWED, scope)) == []
        after = connection.exec_driver_sql("SHOW enable_nestloop").scalar_one()
    compared = [
        node.get("Rows Removed by Join Filter", 0) for plan in plans for node in nodes(plan)
    ]
    assert (len(plans) > 1, max(compared), after) == (True, 0, before)
