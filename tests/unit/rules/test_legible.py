"""What counts as text is what Python can decode."""

import itertools
import re

from petrec.rules.legible import _UTF8

# The ends of every range of bytes that the standard tells apart.
ENDS = bytes.fromhex("01 7f 80 8f 90 9f a0 bf c0 c1 c2 df e0 e1 ec ed ee ef f0 f1 f3 f4 f5 ff")
FOUR = [byte for byte in ENDS if byte >= 0xE0]


def decodes(text: bytes) -> bool:
    try:
        text.decode()
    except UnicodeDecodeError:
        return False
    return True


def test_a_text_is_legible_where_it_decodes() -> None:
    shorter = (itertools.product(ENDS, repeat=length) for length in range(4))
    longer = itertools.product(FOUR, ENDS, ENDS, ENDS)
    for each in itertools.chain(*shorter, longer):
        text = bytes(each)
        assert (re.match(_UTF8, text.hex()) is not None) == decodes(text), text


def test_each_of_several_characters_counts() -> None:
    for text in ("", "Luna", "Ren\u00e9 \u2713 \U0001f408"):
        assert re.match(_UTF8, text.encode().hex()), text
    for broken in ("Ren\u00e9".encode("latin1"), b"\xe2\x9c", "\u00e9".encode() + b"\xff"):
        assert not re.match(_UTF8, broken.hex()), broken
