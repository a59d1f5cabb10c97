"""An appointment with its pets."""
