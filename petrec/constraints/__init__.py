"""The schema that makes the damage impossible, brought to a live database without downtime."""
