"""petrec finds, repairs and prevents lost pet associations of recordings in PostgreSQL."""

__version__ = "0.1.0"
