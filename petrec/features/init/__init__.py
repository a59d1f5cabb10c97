"""Settings for a database, found by looking at its catalog; a person reads them before use."""
