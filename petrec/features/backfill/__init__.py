"""Give recordings the pet that certain evidence names, and only those."""
