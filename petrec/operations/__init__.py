"""What petrec does, one function per command, for the command line and Python programs."""
