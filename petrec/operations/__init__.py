"""What petrec does, one function a command: the command line and Python programs call these."""
