"""petrec's own tables: whether they are there, how they are made, and what stands in them."""
