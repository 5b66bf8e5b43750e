"""Settings of every program of the shop."""
