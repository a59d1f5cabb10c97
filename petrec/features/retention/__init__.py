"""Erasure of recordings permanently: their rows, what petrec keeps of them, and their files."""
