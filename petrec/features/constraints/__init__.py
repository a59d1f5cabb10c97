"""The integration guide's constraints and indexes on a live database."""
