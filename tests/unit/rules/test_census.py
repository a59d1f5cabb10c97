"""A census counts groups by whatever they have in common."""

from petrec.rules.census import Census, FlagGroup

CENSUS = Census(
    [
        FlagGroup("ok", None, True, False, False, 7, None, None),
        FlagGroup("ok", None, True, False, True, 2, "b", "f"),
        FlagGroup("mismatched", None, True, True, False, 5, "c", "d"),
        FlagGroup("mismatched", None, True, False, False, 3, "a", "c"),
        FlagGroup("missing_inferable", "visit", False, True, False, 2, "e", "e"),
        FlagGroup("missing_inferable", "single_pet", False, True, False, 1, "g", "h"),
    ]
)


def test_a_count_is_of_the_groups_that_agree_in_all_that_is_named() -> None:
    assert CENSUS.count() == 20
    assert CENSUS.count(kind="mismatched") == 8
    assert CENSUS.count(kind="mismatched", invalid=True) == 5
    assert CENSUS.count(has_pet=False) == 3
    assert CENSUS.count(strategy="visit") == 2
    assert CENSUS.count(owner_differs=True) == 2
    assert CENSUS.count(kind="absent") == 0


def test_examples_are_the_first_and_the_last_id_of_all_groups() -> None:
    assert CENSUS.examples("mismatched") == ("a", "d")
    assert CENSUS.examples("missing_inferable") == ("e", "h")
    assert CENSUS.examples("absent") == ()
    assert CENSUS.examples(owner_differs=True) == CENSUS.examples("ok") == ("b", "f")
    assert Census([FlagGroup("ok", None, True, False, False, 1, "x", "x")]).examples("ok") == ("x",)
