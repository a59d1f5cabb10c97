"""`petrec backfill`, and the options of all commands that write in batches."""
