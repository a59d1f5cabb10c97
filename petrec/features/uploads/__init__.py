"""Uploads that did not go the usual way: found, compared with the store, and settled."""
