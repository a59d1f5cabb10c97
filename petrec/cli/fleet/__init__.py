"""`petrec fleet`: its options, the commands that it takes, and the process of a target."""
