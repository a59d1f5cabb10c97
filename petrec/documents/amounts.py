"""Amounts as people read them."""


def counted(number: int, noun: str) -> str:
    """Return a number and what it counts: 1 error, 2 errors."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def duration(seconds: float) -> str:
    """Return a time in its two largest units: 2.1 s, 3 min 7 s, 2 h 3 min."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min"


def rate(rows_per_second: float) -> str:
    """Return rows a second, with a decimal where they are few."""
    digits = 0 if rows_per_second >= 10 else 1
    return f"{rows_per_second:,.{digits}f} rows/s"
