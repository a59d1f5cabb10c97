"""The loop over batches: the lock of a target, throttling, retries, the end of a run."""
