"""Tests of the backfill that need no server."""
