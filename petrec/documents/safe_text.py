"""Text that is safe in a terminal, a document or a spreadsheet.

A spreadsheet opens cells as text: formula triggers are escaped so that they round-trip.
"""

from urllib.parse import quote

from petrec.errors import UsageError

_TRIGGERS = frozenset("=+-@\t\r\n\0'")


def encode_cell(value: str) -> str:
    """Put one `'` before a text that a spreadsheet might read as a formula."""
    return "'" + value if value and value[0] in _TRIGGERS else value


def decode_cell(cell: str) -> str:
    """Remove the one `'` that `encode_cell` has added."""
    return cell[1:] if cell[:1] == "'" else cell


def plain(text: str) -> str:
    """Return the text with control characters escaped."""
    return "".join(c if c.isprintable() else f"\\x{ord(c):02x}" for c in text)


def check_link(link: str, section: str) -> str:
    """Return the template of links to recordings of a section of settings; errors: UsageError."""
    if link and not (link.startswith(("https://", "http://")) and "{id}" in link):
        raise UsageError(
            f"[{section}] link is no web address with {{id}} in it: {link}",
            hint='such as "https://app.example/recordings/{id}"',
        )
    return link


def link_to(template: str, recording_id: str) -> str:
    """Return the link to a recording; empty if there is no template."""
    return template.replace("{id}", quote(recording_id, safe=""))
