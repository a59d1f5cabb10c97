"""The contract's monitoring queries, on mapped names and the types that the columns have.

A date that is infinite, BC or in the future belongs to no day: such rows are counted separately,
and their values are not loaded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Date,
    Select,
    Text,
    and_,
    case,
    cast,
    func,
    literal,
    or_,
    select,
)

from petrec.features.report.columns import UnreadableColumn, cannot_read
from petrec.features.report.result import RejectedDay, UploadDay
from petrec.schema import Schema, UploadState
from petrec.source import Source

REJECTED = "pet_not_in_appointment"
# Earlier dates are BC and -infinity, which no host records on purpose.
_FIRST_DAY: ColumnElement[Any] = cast(literal("0001-01-01", Text), Date)


@dataclass(frozen=True)
class Monitoring:
    """Uploads and refusals per day; None if they cannot be read; with the remarks on both."""

    uploads: tuple[UploadDay, ...] | None
    rejected: tuple[RejectedDay, ...] | None
    remarks: tuple[str, ...] = ()


def read_monitoring(source: Source, schema: Schema, now: datetime, days: int) -> Monitoring:
    """Return the daily numbers of the last `days` days, with remarks on what they omit."""
    remarks: list[str] = []
    uploads, rejected = None, None
    cannot = cannot_read(
        source, schema.tables.recordings, "created_at", "status", UploadState.UPLOADED
    )
    if cannot is None:
        rows = source.execute(uploads_query(schema, now, days)).all()
        uploads = tuple(UploadDay(*row) for row in rows if row.day is not None)
        remarks += _outside(rows, "recordings")
    remarks += _left_out("uploads", cannot)
    logs = schema.tables.api_logs
    if logs is not None:
        cannot = cannot_read(source, logs, "created_at", "error_code", REJECTED)
        if cannot is None:
            rows = source.execute(rejected_query(schema, now, days)).all()
            rejected = tuple(RejectedDay(*row) for row in rows if row.day is not None)
            remarks += _outside(rows, "refused requests")
        remarks += _left_out("refusals", cannot)
    return Monitoring(uploads, rejected, tuple(remarks))


def uploads_query(schema: Schema, now: datetime, days: int) -> Select[Any]:
    """Select uploads and successful ones per day (UTC); the day is NULL for dates outside."""
    recordings = schema.recordings
    day = _day(recordings.c.created_at, now)
    status = cast(recordings.c.status, Text)
    succeeded = func.count(case((status == UploadState.UPLOADED, 1)))
    return (
        select(day, func.count().label("total"), succeeded.label("uploaded"))
        .where(_shown(recordings.c.created_at, now, days))
        .group_by(day)
        .order_by(day)
    )


def rejected_query(schema: Schema, now: datetime, days: int) -> Select[Any]:
    """Select the requests per day (UTC) that were refused with REJECTED; as `uploads_query`."""
    logs = schema.tables.api_logs
    assert logs is not None  # noqa: S101 - the caller has asked
    day = _day(logs.c.created_at, now)
    refused = cast(logs.c.error_code, Text) == REJECTED
    return (
        select(day, func.count().label("total"))
        .where(refused, _shown(logs.c.created_at, now, days))
        .group_by(day)
        .order_by(day)
    )


def _day(moment: ColumnElement[Any], now: datetime) -> ColumnElement[Any]:
    inside = and_(moment >= _FIRST_DAY, moment < literal(_tomorrow(now)))
    day: ColumnElement[Any] = case((inside, cast(moment, Date)))
    return day.label("day")


def _shown(moment: ColumnElement[Any], now: datetime, days: int) -> ColumnElement[bool]:
    """Return the contract's window: this many days before now, so the first day is partial."""
    since = literal(now) - literal(timedelta(days=days))
    return or_(moment >= since, moment < _FIRST_DAY)


def _tomorrow(now: datetime) -> datetime:
    return datetime.combine(now.date(), time(), now.tzinfo) + timedelta(days=1)


def _outside(rows: Sequence[Any], what: str) -> list[str]:
    count = sum(row.total for row in rows if row.day is None)
    remark = f"{count:,} {what} with a date in the future, infinite or BC are not counted"
    return [remark] if count else []


def _left_out(what: str, cannot: UnreadableColumn | None) -> list[str]:
    if cannot is None or not cannot.reason:
        return []
    return [f"{what} per day are not shown: {cannot.reason}"]
