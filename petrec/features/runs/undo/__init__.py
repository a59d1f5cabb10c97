"""Undo a run: the preview, and the run that restores the old values."""
