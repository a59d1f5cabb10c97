"""Texts in a spreadsheet's cells: what XML cannot carry is written out, and read back.

OOXML has escapes of its own (`_x0000_`), but programs differ in what they make of them; so none
ever stands in a cell: a control character is `␛` and four hexadecimal digits instead. openpyxl
takes any `x005F_` for a part of one.
"""

import re

from petrec.documents.cells import decode_cell, encode_cell

_SIGN = "␛"
_ESCAPED = re.compile(f"[{_SIGN}\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{{4}}_)")
# Half a character (D800 to DFFF) is none, and could not be stored.
_ESCAPE = re.compile(f"{_SIGN}((?!D[89A-F])[0-9A-F]{{4}})")


def encode_text(text: str) -> str:
    """Return the text as a cell holds it."""
    return encode_cell(_ESCAPED.sub(lambda found: f"{_SIGN}{ord(found[0]):04X}", text))


def decode_text(cell: str) -> str:
    """Return the text that a cell holds."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), decode_cell(cell))
