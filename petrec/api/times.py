"""Times on the wire: whole seconds, UTC, `Z`; a strict decoder takes no fractions."""

from datetime import UTC, datetime

_ZERO = UTC.utcoffset(None)


def utc(value: datetime) -> datetime:
    """Return the time in UTC; one without a zone is taken for UTC already."""
    return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def moment(value: datetime | None) -> str | None:
    """Return a time as text."""
    if value is None:
        return None
    if value.tzinfo is not None and value.utcoffset() != _ZERO:
        value = value.astimezone(UTC)
    return value.isoformat()[:19] + "Z"


def clock_face(seconds: float | None) -> str | None:
    """Return a duration as people read it: 3:00, or 1:02:03."""
    if seconds is None or seconds < 0:
        return None
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
