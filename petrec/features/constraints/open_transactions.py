"""Transactions that are open already and that a plan's statements will wait for."""

from msgspec import Struct


class OpenTransaction(Struct, frozen=True):
    """One of them, open for `seconds`; a prepared one has a `gid` and no `pid`.

    `on_tables` says that it holds a lock on a table of the plan, else it only has a snapshot.
    """

    pid: int
    gid: str
    role: str
    state: str
    seconds: int
    on_tables: bool

    @property
    def sentence(self) -> str:
        """Return who it is, since when, and what it holds up."""
        why = "it locks a table of the plan" if self.on_tables else "builds wait for its snapshot"
        if self.gid:
            return (
                f"the prepared transaction {self.gid!r} ({self.role}) is {self.seconds} s old:"
                f" {why}; end it by COMMIT PREPARED or ROLLBACK PREPARED"
            )
        who = ", ".join(filter(None, (self.state, self.role)))
        return f"pid {self.pid} has had a transaction open for {self.seconds} s ({who}): {why}"


class Holdups(Struct, frozen=True):
    """The oldest transactions first, how many `more` there are, and how many cannot be judged."""

    oldest: tuple[OpenTransaction, ...] = ()
    more: int = 0
    hidden: int = 0

    @property
    def sentences(self) -> tuple[str, ...]:
        """Return one sentence for each, and for what is left out."""
        rest = []
        if self.more:
            rest.append(f"{_transactions(self.more, 'more ')} will be waited for")
        if self.hidden:
            rest.append(
                f"{_transactions(self.hidden)} of other roles may be waited for, too;"
                " members of pg_read_all_stats see their age"
            )
        return (*(each.sentence for each in self.oldest), *rest)


def _transactions(count: int, which: str = "") -> str:
    return f"{count} {which}transaction{'' if count == 1 else 's'}"
