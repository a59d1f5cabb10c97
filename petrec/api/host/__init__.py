"""What the standalone host adds: tokens, storage, health, metrics; a host may use them, too."""
