"""The complete payload as one JSON object."""

from typing import TextIO

import msgspec

from petrec.results.document import Document


def write(document: Document, out: TextIO) -> None:
    """Write indented JSON."""
    encoded = msgspec.json.format(msgspec.json.encode(document.payload), indent=2)
    out.write(encoded.decode() + "\n")
