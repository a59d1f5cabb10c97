"""Exports of the tables in files, read only: Parquet with a manifest, or what others wrote."""
