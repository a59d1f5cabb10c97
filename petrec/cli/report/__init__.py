"""`petrec report`."""
