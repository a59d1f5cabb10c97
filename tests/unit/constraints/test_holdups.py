"""Who would be waited for, in sentences that count."""

import pytest

from petrec.features.constraints.holdups import Holdups, OpenTransaction

IDLE = OpenTransaction(42, "", "app", "idle in transaction", 7, on_tables=True)
PREPARED = OpenTransaction(0, "two phases", "dba", "prepared", 9, on_tables=False)


@pytest.mark.parametrize(
    ("found", "starts"),
    [
        (Holdups(), []),
        (Holdups((IDLE,), more=1), ["pid 42 ", "1 more transaction "]),
        (Holdups(more=2, hidden=1), ["2 more transactions ", "1 transaction of "]),
        (Holdups((PREPARED,), hidden=2), ["the prepared transaction ", "2 transactions of "]),
    ],
)
def test_each_is_told_and_the_rest_is_counted(found: Holdups, starts: list[str]) -> None:
    assert len(found.sentences) == len(starts)
    assert all(map(str.startswith, found.sentences, starts))


def test_a_session_is_told_with_its_age_and_why_it_holds_up() -> None:
    assert all(word in IDLE.sentence for word in (" 7 s ", "(idle in transaction, app)", "table"))
    assert all(word in PREPARED.sentence for word in ("'two phases'", "(dba)", " 9 s ", "snapshot"))
