"""The texts of a workbook: the first sheet's instructions, and how cells encode text.

What XML cannot carry is written out, and read back. OOXML has escapes of its own (`_x0000_`), but
programs differ in what they make of them; so no cell contains one: a control character is `␛`
and four hexadecimal digits instead. openpyxl takes any `x005F_` for a part of one.
"""

import re

from petrec.documents.safe_text import decode_cell, encode_cell

FIRST_SHEET = "instructions"
REVIEWER = "Your name"
LINES = {
    "What this is": "Recordings whose pet is missing or doubtful. Only people who know the animals "
    "can tell which pet was recorded.",
    "decision": "Choose from the list of the cell: one of the row's candidates, 'cannot tell', or "
    "'leave' to keep the recording as it is. An empty cell is no decision. A row shows "
    "some 20 candidates at most; the list of the cell has all of them.",
    "other": "Where the list offers 'other', any pet may be named: choose it, and put the pet's id "
    "into other_pet_id.",
    "would be added": "A candidate that 'would be added to the appointment' becomes one of the "
    "appointment's pets.",
    "suggestions": "Why this candidate may be the right one, and how strong the hint is. "
    "It is not a decision.",
    "reviewer, note": "Your name above applies to all rows; a name in a row replaces it "
    "for that row.",
    "Do not change": "The other cells, the header and the names of the columns. You can sort, "
    "filter and delete rows. A sort does not move the heights of rows: fit them again.",
}
_SIGN = "␛"
_ESCAPED = re.compile(f"[{_SIGN}\x00-\x08\x0b-\x1f\x7f\ufffe\uffff]|_(?=x[0-9A-Fa-f]{{4}}_)")
# A lone surrogate (D800 to DFFF) is not a character, and could not be stored.
_ESCAPE = re.compile(f"{_SIGN}((?!D[89A-F])[0-9A-F]{{4}})")


def encode_text(text: str) -> str:
    """Return the text as a cell holds it."""
    return encode_cell(_ESCAPED.sub(lambda found: f"{_SIGN}{ord(found[0]):04X}", text))


def decode_text(cell: str) -> str:
    """Return the text that a cell holds."""
    return _ESCAPE.sub(lambda found: chr(int(found[1], 16)), decode_cell(cell))
