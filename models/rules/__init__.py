"""What is allowed: plain Python, without a clock, a database or settings."""
