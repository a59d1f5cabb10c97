"""The only write path: every change is planned, guarded, journaled and can be undone."""
