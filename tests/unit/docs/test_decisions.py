"""The index of decisions holds every record, and every record its own number."""

from collections import Counter

from tools.decision_index import INDEX, index_text, known_dates, read_decisions


def test_the_index_is_what_the_records_say() -> None:
    decisions = read_decisions()
    dates = known_dates()
    missing = [each.file for each in decisions if each.number not in dates]
    assert not missing, "run `make decisions`"
    assert INDEX.read_text(encoding="utf-8") == index_text(decisions, dates), "run `make decisions`"


def test_no_two_records_share_a_number() -> None:
    numbers = Counter(each.number for each in read_decisions())
    assert [number for number, count in numbers.items() if count > 1] == []


def test_a_superseding_record_exists() -> None:
    decisions = read_decisions()
    numbers = {each.number for each in decisions}
    superseded = [each.state.split()[-1] for each in decisions if each.state != "accepted"]
    assert set(superseded) <= numbers
