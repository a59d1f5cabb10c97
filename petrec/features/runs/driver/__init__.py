"""From one batch to the next: the lock of a target, throttling, retries, the end of a run."""
