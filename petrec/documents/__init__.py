"""From a Document to text: one module per format, none of which knows a command."""

from petrec.documents.formats import Format, render

__all__ = ["Format", "render"]
