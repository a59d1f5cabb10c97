"""Doubtful recordings to people who know the animals, and their decisions back."""
