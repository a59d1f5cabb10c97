"""`petrec review` and its subcommands, one file each."""
