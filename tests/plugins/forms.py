"""The forms in which an editor, git or a shell leaves one and the same text."""

import codecs
from collections.abc import Callable

import pytest

FORMS: dict[str, Callable[[str], bytes]] = {
    "as_it_is": lambda text: text.encode(),
    "crlf": lambda text: text.replace("\n", "\r\n").encode(),
    "cr": lambda text: text.replace("\n", "\r").encode(),
    "mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "two_marks": lambda text: codecs.BOM_UTF8 * 2 + text.encode(),
    "utf16": lambda text: text.encode("utf-16"),
    "utf16_big": lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
    "blank_lines": lambda text: (text + "\n\n").encode(),
    "windows": lambda text: codecs.BOM_UTF8 + (text + "\n").replace("\n", "\r\n").encode(),
}
every_form = pytest.mark.parametrize("form", FORMS)
