"""The parts of the standalone host: tokens, storage, health, metrics. Other hosts may use them."""
