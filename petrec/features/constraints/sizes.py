"""Sizes as people write and read them; all units are multiples of 1,024, as in PostgreSQL."""

import re

_UNITS = ("B", "kB", "MB", "GB", "TB")
_SIZE = re.compile(r"(\d+(?:\.\d+)?)\s*([kMGT]?)i?B?", re.IGNORECASE)


def as_size(size: int) -> str:
    """Return a number of bytes in the largest unit of which it holds one."""
    value, unit = float(size), 0
    while value >= 1024 and unit < len(_UNITS) - 1:
        value, unit = value / 1024, unit + 1
    return f"{value:.{0 if unit == 0 else 1}f} {_UNITS[unit]}"


def to_bytes(text: str) -> int:
    """Return the bytes that a text such as 20GB, 512 MB or 1.5T means; errors: ValueError."""
    found = _SIZE.fullmatch(text.strip())
    if found is None:
        raise ValueError(f"{text!r} is not a size such as 20GB or 512MB")
    return int(float(found[1]) * 1024 ** ["", "k", "m", "g", "t"].index(found[2].lower()))
