"""Initiate and complete: a recording gets its pet before it gets its sound."""
