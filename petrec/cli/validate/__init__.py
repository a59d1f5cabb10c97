"""`petrec validate` and its options."""
