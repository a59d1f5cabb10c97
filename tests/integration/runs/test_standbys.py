"""The end of a run, not each batch, waits for the disk and for a synchronous standby."""

from collections.abc import Callable

import psycopg
import pytest
from sqlalchemy import Engine, NullPool, create_engine, text

from petrec.features.runs.driver.prepared import prepare_session
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


@pytest.mark.parametrize(
    ("here", "commits", "plans", "threshold"),
    [(True, "off", "force_generic_plan", 0), (False, "on", "auto", None)],
)
def test_batches_wait_for_the_disk_only_where_recordings_are_on_other_nodes(
    clinic_engine: Engine, here: bool, commits: str, plans: str, threshold: int | None
) -> None:
    shown = text("SELECT current_setting('synchronous_commit'), current_setting('plan_cache_mode')")
    with clinic_engine.connect() as connection:
        prepare_session(connection, here=here)
        assert tuple(connection.execute(shown).one()) == (commits, plans)
        driver = connection.connection.driver_connection
        assert driver is not None
        assert driver.prepare_threshold == threshold
