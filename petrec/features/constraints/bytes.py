"""Names as the server keeps them: at most 63 bytes, whatever the alphabet."""

import hashlib

LONGEST = 63


def cut(name: str, longest: int = LONGEST) -> str:
    """Return the name cut to so many bytes, between two characters, as the server cuts one."""
    return name.encode()[:longest].decode(errors="ignore")


def joined(stem: str, ending: str) -> str:
    """Return `stem` with `ending`, which is kept whole; the stem is cut as far as it must be."""
    return cut(stem, LONGEST - len(ending.encode())) + ending


def unlike_others(name: str, stem: str) -> str:
    """Return a name that fits, or `stem` with a digest of it where it is too long."""
    if len(name.encode()) <= LONGEST:
        return name
    return joined(stem, f"_{hashlib.sha256(name.encode()).hexdigest()[:12]}")
