"""Initiate and complete: a recording gets its pet before its audio file."""
