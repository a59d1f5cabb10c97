"""`petrec backfill` and its subcommands, one file each."""
