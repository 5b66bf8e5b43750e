"""Products, orders, and where both are kept."""
