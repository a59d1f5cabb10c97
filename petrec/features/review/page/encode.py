"""Values that stand inside a `<script>` block and can never end it."""

import base64
import hashlib
from typing import Any

import msgspec

# Each of them can only be part of a string in JSON, where an escape means the same.
_INERT = str.maketrans({char: f"\\u{ord(char):04x}" for char in "<>&\u2028\u2029\u007f"})


def encode_json(value: Any) -> str:
    """Return one line of JSON without anything that HTML or JavaScript could take for markup."""
    return msgspec.json.encode(value).decode().translate(_INERT)


def csp_hash(content: str) -> str:
    """Return the source expression that allows exactly this inline script or style."""
    digest = base64.b64encode(hashlib.sha256(content.encode()).digest()).decode()
    return f"'sha256-{digest}'"
