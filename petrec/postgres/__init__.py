"""Access to the database: connections, checks, reads in one snapshot, streaming."""
