"""The stand-alone application behind PgBouncer."""

import msgspec

from petrec.api.host.standalone import make_app
from petrec.postgres.dsn import resolve_dsn
from tests.integration.host.test_bearer import KEYS, SETTINGS
from tests.integration.host.test_serve import API, bearer
from tests.plugins import guide
from tests.plugins.api import Client
from tests.plugins.databases import MakeDatabase
from tests.plugins.pooler import Pooled

FORGETFUL = "server_round_robin = 1\nmin_pool_size = 2"
# psycopg prepares what it executes more often than five times.
OFTEN = 20


def test_each_statement_on_another_server_connection(
    database: MakeDatabase, pooled: Pooled
) -> None:
    base = guide.fill(database("text_ids"))
    dsn = resolve_dsn(pooled(base.dsn, "transaction", FORGETFUL), None, {})
    serve = msgspec.structs.replace(SETTINGS.serve, prepare=False)
    http = Client(make_app(dsn, msgspec.structs.replace(SETTINGS, serve=serve), KEYS), {})
    try:
        for _ in range(OFTEN):
            listed = http.get(f"{API}/recordings/", headers=bearer())
            made = http.post(
                f"{API}/recordings/upload/initiate", json=guide.INITIATE, headers=bearer()
            )
            assert (listed.status_code, made.status_code) == (200, 200), (listed.text, made.text)
    finally:
        http.close()
