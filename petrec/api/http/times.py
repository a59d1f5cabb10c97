"""Durations on the wire."""


def clock_face(seconds: float | None) -> str | None:
    """Return a duration as people read it: 3:00, or 1:02:03."""
    if seconds is None or seconds < 0:
        return None
    minutes, second = divmod(int(seconds), 60)
    hours, minute = divmod(minutes, 60)
    return f"{hours}:{minute:02}:{second:02}" if hours else f"{minute}:{second:02}"
