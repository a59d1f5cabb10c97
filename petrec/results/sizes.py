"""Sizes as people write and read them, in the units of PostgreSQL's settings."""

_UNITS = ("B", "kB", "MB", "GB", "TB")


def as_size(size: int) -> str:
    """Return a number of bytes in the largest unit of which it holds one, multiples of 1,024."""
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.{0 if unit == 0 else 1}f} {_UNITS[unit]}"
