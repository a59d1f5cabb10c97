"""Set the pet of recordings, only if certain evidence names it."""
