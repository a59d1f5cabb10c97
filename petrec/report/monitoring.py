"""The guide's monitoring queries, on mapped names; None where the database lacks what they need."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Connection, Date, Select, case, cast, func, literal, select

from petrec.results.report import RejectedDay, UploadDay
from petrec.schema import Schema

UPLOADED = "uploaded"
REJECTED = "pet_not_in_appointment"


def uploads_query(schema: Schema, now: datetime, days: int) -> Select[Any] | None:
    """Select uploads and successful ones per day (UTC) of the last `days` days."""
    recordings = schema.recordings
    if not {"created_at", "status"} <= set(recordings.c.keys()):
        return None
    day = _day(recordings.c.created_at)
    succeeded = func.count(case((recordings.c.status == UPLOADED, 1)))
    return (
        select(day, func.count().label("total"), succeeded.label("uploaded"))
        .where(recordings.c.created_at >= _since(now, days))
        .group_by(day)
        .order_by(day)
    )


def rejected_query(schema: Schema, now: datetime, days: int) -> Select[Any] | None:
    """Select the requests per day (UTC) that were refused with REJECTED."""
    logs = schema.tables.api_logs
    if logs is None:
        return None
    day = _day(logs.c.created_at)
    return (
        select(day, func.count().label("count"))
        .where(logs.c.error_code == REJECTED, logs.c.created_at >= _since(now, days))
        .group_by(day)
        .order_by(day)
    )


def read_uploads(
    connection: Connection, schema: Schema, now: datetime, days: int
) -> tuple[UploadDay, ...] | None:
    """Return the uploads per day."""
    query = uploads_query(schema, now, days)
    return None if query is None else tuple(UploadDay(*row) for row in connection.execute(query))


def read_rejected(
    connection: Connection, schema: Schema, now: datetime, days: int
) -> tuple[RejectedDay, ...] | None:
    """Return the refused requests per day."""
    query = rejected_query(schema, now, days)
    return None if query is None else tuple(RejectedDay(*row) for row in connection.execute(query))


def _day(moment: ColumnElement[Any]) -> ColumnElement[Any]:
    day: ColumnElement[Any] = cast(moment, Date)
    return day.label("day")


def _since(now: datetime, days: int) -> Any:
    """As the guide has it: so many days before this moment, so that the first day is partial."""
    return literal(now) - literal(timedelta(days=days))
