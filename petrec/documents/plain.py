"""Text that cannot take over a terminal or break a document."""


def plain(text: str) -> str:
    """Show control characters instead of sending them."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)
