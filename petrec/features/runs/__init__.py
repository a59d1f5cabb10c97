"""The one write path: every change is planned, guarded, journaled and can be taken back."""
