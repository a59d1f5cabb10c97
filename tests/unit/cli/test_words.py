"""Options are named by the command line alone; other callers get the words of the Python API."""

import re
import string
from pathlib import Path
from typing import Any

import pytest

from petrec.cli.app import command_tree
from petrec.cli.words import WORDS, worded, worded_document
from petrec.features.constraints.result import ConstraintsPlan
from petrec.phrases import Joined, Phrase, Phrased
from tests.plugins.command import ROOT

_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


def sources() -> list[Path]:
    found = [path.relative_to(ROOT) for path in (ROOT / "petrec").rglob("*.py")]
    return [path for path in found if not path.is_relative_to("petrec/cli")]


def test_nothing_below_the_command_line_names_an_option() -> None:
    named = {
        f"{path}:{number}": line.strip()
        for path in sources()
        for number, line in enumerate((ROOT / path).read_text("utf-8").splitlines(), start=1)
        if _OPTION.search(line)
    }
    assert named == {}


@pytest.mark.parametrize("phrase", Phrase)
def test_a_phrase_has_words_with_the_same_data(phrase: Phrase) -> None:
    assert fields(WORDS[phrase]) == fields(phrase.value)


def test_the_options_in_the_words_exist() -> None:
    def options(command: Any) -> set[str]:
        found = {name for parameter in command.params for name in parameter.opts}
        for child in getattr(command, "commands", {}).values():
            found |= options(child)
        return found

    named = {name for text in WORDS.values() for name in _OPTION.findall(text)}
    assert named <= options(command_tree())


def test_a_phrase_is_worded_with_braces_and_percent_signs_in_its_data() -> None:
    phrased = Phrased(Phrase.TOUCH_NO_COLUMN, table="t{0}", column="100%")
    assert phrased == "cannot touch '100%': t{0} has no such column"
    assert worded(phrased) == "--touch: t{0} has no column '100%'"
    assert worded(Joined("; ", ["as {x}", phrased])) == f"as {{x}}; {worded(phrased)}"
    assert worded("as it is {x}") == "as it is {x}"


def test_data_and_scripts_are_worded_as_notes_are() -> None:
    note, said = Phrased(Phrase.VISITS_STAY), WORDS[Phrase.VISITS_STAY]
    plan = ConstraintsPlan((), (note,))
    assert worded_document(plan.document()).payload["notes"] == (said,)
    assert f"-- {said}\n" in plan.script(300, worded)
    assert f"-- {note}\n" in plan.script(300)
