"""Take a run back: what would be restored, and the run that does it."""
