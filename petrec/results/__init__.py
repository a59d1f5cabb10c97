"""What the commands return: plain frozen values that every renderer understands."""
