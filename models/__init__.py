"""What Tallygraph knows: its rules, what it stores, and what can happen to it."""
