"""Lock-safe DDL: statements wait only briefly for strong locks."""
