"""The review page with a server: decisions are written to the database as they are made."""
