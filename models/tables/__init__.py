"""What is stored: rows, constraints, and statements narrowed to a tenant."""
