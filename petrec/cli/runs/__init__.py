"""`petrec runs` and its subcommands, one file each."""
