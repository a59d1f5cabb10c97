"""The recordings of a pet; each has its pet."""
