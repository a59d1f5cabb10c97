"""The way to the database: connecting, checking, reading in one snapshot, streaming."""
