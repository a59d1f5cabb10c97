"""The end of a run waits for a synchronous standby up to the deadline, and names it."""

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import NullPool, create_engine

from petrec.features.runs.driver.standby import unconfirmed_standbys
from tests.plugins.cluster import Cluster
from tests.plugins.waiting import until

SHOWN = "SELECT current_setting('synchronous_standby_names')"


def test_a_standby_that_does_not_confirm_is_named(
    private_cluster: Callable[[], Cluster], caplog: pytest.LogCaptureFixture
) -> None:
    dsn = private_cluster().dsn()
    engine = create_engine(dsn.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    assert unconfirmed_standbys(engine, 5, 60) == ""
    with psycopg.connect(dsn, autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET synchronous_standby_names = 'nobody'")
        admin.execute("SELECT pg_reload_conf()")
        until(lambda: admin.execute(SHOWN).fetchone() == ("nobody",))
    assert unconfirmed_standbys(engine, 5, 1.3) == "nobody"
    (told,) = caplog.messages
    assert all(word in told for word in ("run 5 ", "'nobody'", "SyncRep"))
    assert unconfirmed_standbys(engine, 5, 0.1) == "nobody"
