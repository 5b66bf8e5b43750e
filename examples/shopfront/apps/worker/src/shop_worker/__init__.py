"""Reports and feeds, made from the orders of the shop."""
