"""The command group `petrec constraints`, one file per command."""
