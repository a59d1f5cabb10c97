"""The tables of one snapshot as Parquet files with a manifest, for engines of analysts."""
