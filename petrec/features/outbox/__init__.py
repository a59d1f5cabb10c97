"""Events for webhooks: written with the change itself, delivered at least once."""
