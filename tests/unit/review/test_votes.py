"""What an import keeps on disk: lists that are read again, groups in order, work that is linear."""

from petrec.documents.spool import Spool
from petrec.features.review.agree import Valid
from petrec.features.review.case import Decision, Verdict
from petrec.features.review.imported import SourceLine
from petrec.features.review.read.entry import DecisionEntry
from petrec.features.review.votes import DecidedLines, Votes


def entry(line: int, recording: str, verdict: Verdict = Verdict.ASSIGN) -> DecisionEntry:
    decision = Decision(recording, "mismatched", "s", verdict, "1", None, "Ada", "Ünï\n=1")
    return DecisionEntry(SourceLine("a.csv", "", line), decision, {"note": "Ünï\n=1"})


def test_items_are_read_again_by_several_readers() -> None:
    items = [entry(line, str(line)) for line in range(5)]
    spool = Spool(DecisionEntry, items[:4])
    ahead, behind = iter(spool), iter(spool)
    assert next(ahead) == items[0]
    spool.append(items[4])
    assert (next(ahead), next(behind)) == (items[1], items[0])
    assert (list(spool), len(spool)) == (items, 5)
    assert list(Spool(DecisionEntry)) == []


def test_votes_about_one_recording_meet_in_the_order_of_the_first() -> None:
    votes = Votes()
    order = [("b", Verdict.CANNOT_TELL), ("a", Verdict.LEAVE), ("b", Verdict.LINK),
             ("a", Verdict.LEAVE), ("b", Verdict.CANNOT_TELL)]  # fmt: skip
    for line, (key, verdict) in enumerate(order, start=1):
        votes.add(Valid(entry(line, key, verdict), (key, "part")))
    groups = [[(v.key[0], v.entry.place.line) for v in group] for group in votes.groups()]
    assert groups == [[("b", 3)], [("b", 1), ("b", 5)], [("a", 2), ("a", 4)]]


def test_the_first_line_of_a_state_is_named() -> None:
    lines = DecidedLines()
    assert lines.first(entry(7, "r"), "r", "s") == 0
    assert lines.first(entry(8, "r"), "r", "other state") == 0
    assert lines.first(entry(9, "r"), "r", "s") == 7


def test_the_steps_of_grouping_grow_with_the_votes_alone() -> None:
    def steps(count: int) -> int:
        votes, taken = Votes(), [0]
        for line in range(count):
            votes.add(Valid(entry(line, str(line % 500)), (str(line % 500),)))

        def step() -> int:
            taken[0] += 1
            return 0

        votes._scratch.set_progress_handler(step, 100)
        assert sum(map(len, votes.groups())) == count
        return taken[0]

    assert steps(8_000) < 5 * steps(2_000)
