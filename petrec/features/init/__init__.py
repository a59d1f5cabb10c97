"""Settings for a database, proposed from its catalog; a person reviews them before use."""
