"""Lock-safe DDL: statements that wait for their locks briefly, or alone and without harm."""
