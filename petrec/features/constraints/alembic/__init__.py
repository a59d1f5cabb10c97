"""The plan as revisions of a host project's own Alembic tree."""
