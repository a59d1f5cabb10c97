"""petrec's own tables: whether they exist, how they are created, and what they hold."""
