"""What happens: one function each, inside one unit of work."""
