"""Render a Document as text: one module per format, independent of the commands."""

from petrec.documents.formats import Format, render

__all__ = ["Format", "render"]
