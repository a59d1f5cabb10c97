"""`petrec explain` prints the documents that came with the package."""

from tests.plugins.command import Petrec


def test_pages_are_listed_with_their_titles(petrec: Petrec) -> None:
    listed = petrec("explain")
    assert listed.code == 0
    lines = dict(line.split(maxsplit=1) for line in listed.out.splitlines())
    assert lines["permissions"] == "Permissions"
    assert lines["commands"] == "Commands"


def test_a_page_is_printed_as_text(petrec: Petrec) -> None:
    shown = petrec("explain", "runbook")
    assert shown.out.startswith("# Runbook")
    assert "<!--" not in shown.out


def test_a_kind_is_explained_by_its_page(petrec: Petrec) -> None:
    assert petrec("explain", "missing_ambiguous").out.startswith("# missing_ambiguous\n")


def test_an_unknown_page_names_the_others(petrec: Petrec) -> None:
    refused = petrec("explain", "rulez")
    assert refused.code == 2
    assert "runbook" in refused.err
