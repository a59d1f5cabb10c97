"""An engine as a host application makes one."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine, create_engine
from sqlalchemy.pool import NullPool

from tests.plugins.databases import Database


@pytest.fixture
def engine(clinic: Database) -> Iterator[Engine]:
    made = create_engine(
        clinic.dsn.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool
    )
    yield made
    made.dispose()
