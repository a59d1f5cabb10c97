"""Ratios against named alternatives, each pair measured in the same run."""
