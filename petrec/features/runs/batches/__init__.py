"""One batch of a run: its items, their locks, the guarded write, and refused rows."""
