"""Texts in a spreadsheet's cells: what XML cannot carry is written out, and read back.

The escapes look like those of OOXML, but are petrec's own: a program that decodes and encodes
OOXML's when it saves a file leaves these alone.
"""

import re

from petrec.render.cells import decode_cell, encode_cell

_ILLEGAL = re.compile("[\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]|_(?=x[0-9A-F]{4}_)")
_ESCAPE = re.compile("_x([0-9A-F]{4})_")


def encode_text(text: str) -> str:
    """Return the text as a cell holds it."""
    return encode_cell(_ILLEGAL.sub(lambda found: f"_x{ord(found[0]):04X}_", text))


def decode_text(cell: str) -> str:
    """Return the text that a cell holds."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), decode_cell(cell))
