"""Corrections of recordings: a person sets the pet, as a run that can be undone."""
