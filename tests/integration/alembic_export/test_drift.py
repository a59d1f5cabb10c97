"""Alembic's own drift check: what the code declares is what apply has made."""

from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, MetaData, create_engine
from sqlalchemy.dialects.postgresql import UUID
from sqlalchemy.pool import NullPool

from petrec.features.constraints.specs import DEFAULT_GROUPS, Spec, specs
from tests.plugins.clean import clean
from tests.plugins.command import Petrec
from tests.plugins.databases import Database

NO_ACTION = "NO ACTION"


@pytest.fixture
def engine(clinic: Database) -> Iterator[Engine]:
    clean(clinic)
    url = clinic.dsn.replace("postgresql:", "postgresql+psycopg:")
    made = create_engine(url, poolclass=NullPool)
    yield made
    made.dispose()


def test_apply_leaves_no_drift_and_damage_is_seen(
    petrec: Petrec, clinic: Database, engine: Engine
) -> None:
    expected = declared(engine)
    assert drift(engine, expected)
    assert petrec("constraints", "apply", "--yes", dsn=clinic.dsn).code == 0
    assert drift(engine, expected) == []
    for damage in (
        "DROP INDEX idx_recordings_visit_pet",
        "ALTER TABLE recordings ALTER pet_id DROP NOT NULL",
        "ALTER TABLE visits DROP CONSTRAINT fk_visits_created_by",
        "ALTER TABLE visits ALTER visit_type TYPE character varying(60)",
        "ALTER TABLE visits ALTER status DROP DEFAULT",
    ):
        before = len(drift(engine, expected))
        clinic.execute(damage)
        assert len(drift(engine, expected)) > before, damage


def drift(engine: Engine, expected: MetaData) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts=options)
        return list(compare_metadata(context, expected))


def declared(engine: Engine) -> MetaData:
    """Return what the host had before, and over it what petrec declares."""
    metadata = MetaData()
    metadata.reflect(engine)
    _visits(metadata)
    metadata.tables["recordings"].append_column(sa.Column("visit_id", UUID))
    for item in specs(DEFAULT_GROUPS, "CASCADE"):
        _add(metadata.tables[item.table], item)
    return metadata


def _add(table: sa.Table, item: Spec) -> None:
    columns = [table.c[name] for name in item.columns]
    if item.kind == "index":
        where = columns[0].is_not(None) if item.partial else None
        sa.Index(item.name, *columns, postgresql_where=where)
    elif item.kind == "not null":
        columns[0].nullable = False
    elif item.kind == "foreign key":
        action = None if item.on_delete == NO_ACTION else item.on_delete
        parents = [f"{item.parent}.{name}" for name in item.parent_columns]
        key = sa.ForeignKeyConstraint(item.columns, parents, name=item.name, ondelete=action)
        table.append_constraint(key)


def _visits(metadata: MetaData) -> None:
    """Write the guide's table down a second time, so that an error in the first is seen."""
    moment, now = sa.DateTime(timezone=True), sa.text("now()")
    sa.Table(
        "visits",
        metadata,
        sa.Column("id", UUID, primary_key=True, server_default=sa.text("gen_random_uuid()")),
        sa.Column("pet_id", UUID, nullable=False),
        sa.Column("appointment_id", UUID),
        sa.Column("visit_date", moment, nullable=False),
        sa.Column("visit_type", sa.String(50), nullable=False),
        sa.Column("status", sa.String(20), nullable=False, server_default="scheduled"),
        sa.Column("chief_complaint", sa.Text),
        sa.Column("diagnosis", sa.Text),
        sa.Column("treatment_plan", sa.Text),
        sa.Column("notes", sa.Text),
        sa.Column("follow_up_required", sa.Boolean, server_default=sa.text("false")),
        sa.Column("follow_up_date", sa.Date),
        sa.Column("created_by", UUID, nullable=False),
        sa.Column("created_at", moment, server_default=now),
        sa.Column("updated_at", moment, server_default=now),
    )
