"""How large a B-tree will be as CREATE INDEX builds it, from above: equal keys may make it smaller.

Source: PostgreSQL's page layout. A leaf entry is a header of 8 bytes, the key, each column aligned
to 8 bytes, and a line pointer of 4; a leaf page is filled to 90 %, the pages above add about 1 %.
"""

from collections.abc import Iterable

_HEADER, _POINTER, _ALIGNED = 8, 4, 8
_FILL = 1.15
_LEAST = 2 * 8192


def index_bytes(rows: int, table_bytes: int, widths: Iterable[int]) -> int:
    """Return the bytes of an index on columns of these average widths.

    A table that was never analysed has no row count; no index here is larger than its table.
    """
    if not rows:
        return table_bytes
    key = sum(-(-width // _ALIGNED) * _ALIGNED for width in widths)
    return _LEAST + int(rows * (_HEADER + key + _POINTER) * _FILL)
