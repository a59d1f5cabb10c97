"""A snapshot of the catalog, as far as constraints and indexes depend on it."""
