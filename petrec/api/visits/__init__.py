"""Visits: one module for each operation."""
