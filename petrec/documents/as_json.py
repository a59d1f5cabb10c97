"""The complete payload as one JSON object."""

from typing import TextIO

import msgspec

from petrec.documents.document import Document


def write(document: Document, out: TextIO) -> None:
    """Write indented JSON."""
    payload = msgspec.to_builtins(document.payload, enc_hook=str)
    if isinstance(payload, dict):
        payload |= {"place": document.place} if document.place else {}
        payload |= {} if document.one_snapshot else {"one_snapshot": False}
        said = (*payload.get("remarks", ()), *document.remarks)
        payload["remarks"] = list(dict.fromkeys(said))
    encoded = msgspec.json.format(msgspec.json.encode(payload), indent=2)
    out.write(encoded.decode() + "\n")
