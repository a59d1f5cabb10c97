"""The catalog at one moment, as far as constraints and indexes depend on it."""
