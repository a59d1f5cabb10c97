"""Set the pet of recordings, where certain evidence names it and only there."""
