"""Statements as values: each knows its SQL, its locks, and when it is still needed."""
