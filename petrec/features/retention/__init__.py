"""Erasure of recordings for good: their rows, what petrec keeps of them, and their files."""
