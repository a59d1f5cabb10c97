"""Write an event for each webhook, within the transaction of what it tells."""

import json
import uuid
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection

from petrec.features.outbox.table import EventType

# In the driver's own form: a request sends it without SQLAlchemy.
INSERT = """
INSERT INTO petrec.outbox (event_id, webhook, type, body, target)
SELECT CAST(%(event_id)s AS pg_catalog.uuid), named, %(type)s, %(body)s, %(target)s
FROM pg_catalog.unnest(CAST(%(webhooks)s AS pg_catalog.text[])) AS named
"""
# Whether the role may write to the outbox; no row where there is none that INSERT fits, which may
# be one of an older version.
FITTING = """
SELECT pg_catalog.has_schema_privilege(n.oid, 'USAGE')
       AND pg_catalog.has_table_privilege(c.oid, 'INSERT')
FROM pg_catalog.pg_class c
JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid
WHERE n.nspname = 'petrec' AND c.relname = 'outbox'
  AND a.attname = 'target' AND NOT a.attisdropped
"""


def event_row(
    webhooks: Sequence[str],
    kind: EventType,
    moment: datetime,
    target: str,
    data: Mapping[str, Any],
) -> dict[str, Any]:
    """Return the parameters of INSERT for one event; its body is what will be signed and sent.

    `target` is the table of the recording, which is not sent.
    """
    at = moment.astimezone(UTC)
    body = {"type": kind, "timestamp": f"{at:%Y-%m-%dT%H:%M:%SZ}", "data": dict(data)}
    return {
        "event_id": str(uuid.uuid4()),
        "webhooks": list(webhooks),
        "type": str(kind),
        "target": target,
        "body": json.dumps(body, separators=(",", ":")),
    }


def insert_events(connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
    """Write events in the transaction of a connection."""
    for row in rows:
        connection.exec_driver_sql(INSERT, dict(row))
