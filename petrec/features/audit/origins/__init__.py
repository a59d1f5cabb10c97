"""Where damage comes from: findings by a value that recordings have, such as the app's version."""
