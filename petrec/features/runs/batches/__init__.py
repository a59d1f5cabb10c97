"""One batch of a run: which items, their locks, the guarded write, and what was refused."""
