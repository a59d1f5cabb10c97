"""What cron runs: the state and its history, for people and for monitoring."""
