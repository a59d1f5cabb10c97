"""The faults of a plan are few words, however many lines have them."""

from pathlib import Path

from petrec.features.backfill.plan_faults import PlanFaults

PATH = Path("plan.csv")


def described(*faults: tuple[int, str]) -> list[str]:
    found = PlanFaults()
    for number, reason in faults:
        found.add(number, reason)
    assert found.count == len(faults)
    return found.describe(PATH).splitlines()


def test_lines_with_one_reason_are_ranges() -> None:
    empty, bad = "pet_id is empty", "recording_id is not an id"
    faults = [(number, bad) for number in (2, 3, 4, 7, 9, 10)] + [(3, empty), (4, empty)]
    assert described(*faults) == [
        "plan.csv cannot be used as a plan: 8 faults",
        f"  line 2-4, 7, 9-10: {bad}",
        f"  line 3-4: {empty}",
    ]


def test_a_fault_of_the_file_has_no_line() -> None:
    assert described((0, "the file is empty")) == [
        "plan.csv cannot be used as a plan: 1 fault",
        "  the file is empty",
    ]


def test_many_places_and_many_reasons_are_counted() -> None:
    every_second = [(2 * number, "no id") for number in range(1, 20_001)]
    told = described(*every_second)
    assert told == [
        "plan.csv cannot be used as a plan: 20,000 faults",
        "  line 2, 4, 6, 8, 10, 12, 14, 16 and 19,992 more: no id",
    ]
    assert described(*[(number, "no id") for number in range(2, 20_002)])[1] == (
        "  line 2-20001: no id"
    )
    told = described(*[(number, f"byte {number}") for number in range(1, 101)])
    assert (len(told), told[-1]) == (14, "  88 more for other reasons")
