"""A throwaway PostgreSQL server with a damaged synthetic clinic, to try petrec on."""
