"""The recordings of a pet, none without its pet."""
