"""The same rules in the endpoints that the app calls, for a host application to mount."""
