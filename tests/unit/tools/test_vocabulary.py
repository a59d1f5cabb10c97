"""Words that are not used are found with their place, and the texts of the project hold none."""

import pytest

from tools.vocabulary import ROOT, WORDS, files, words_in


@pytest.mark.parametrize(
    "text",
    [
        "# plan it anew",
        'x = "plan it anew"',
        'def f():\n    """Plan it anew."""',
        'x = f"{y} anew"',
    ],
)
def test_words_are_found_in_comments_and_strings(text: str) -> None:
    (found,) = words_in("petrec/x.py", text)
    assert (found.word, found.instead) == ("anew", WORDS[r"anew(?!=)"])
    assert found.line == text.count("\n") + 1


@pytest.mark.parametrize(
    "text", ["anew = True", 'x = "--anew"', '"""See `anew`."""', "Return 1  # renewed"]
)
def test_names_options_and_other_words_are_not_found(text: str) -> None:
    assert not list(words_in("petrec/x.py", text))


def test_a_turn_is_found_across_lines_with_its_place() -> None:
    (found,) = words_in("docs/x.md", "A run\n\ncan be taken\nback.")
    assert (found.line, found.word) == (3, "taken\nback")


@pytest.mark.parametrize("first", ["Say", "Gives", "Tell"])
def test_a_docstring_does_not_begin_as_a_riddle(first: str) -> None:
    (found,) = words_in("petrec/x.py", f'def f():\n    """{first} whether it is so."""')
    assert (found.line, found.word) == (2, first)


def test_the_texts_of_the_project_hold_none() -> None:
    texts = ((f.relative_to(ROOT).as_posix(), f.read_text(encoding="utf-8")) for f in files())
    assert [str(found) for path, text in texts for found in words_in(path, text)] == []
