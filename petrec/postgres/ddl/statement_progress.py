"""How far a statement is, as another connection sees it while it runs."""

from msgspec import Struct


class Progress(Struct, frozen=True):
    """One look: `done` of `total` in `unit`, which is empty where the server counts nothing.

    `locker` is the backend that is waited for now, 0 for none; `seconds` are those since the start.
    """

    phase: str
    done: int = 0
    total: int = 0
    unit: str = ""
    locker: int = 0
    seconds: float = 0.0
