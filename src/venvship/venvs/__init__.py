"""Plans virtual environments as lists of links and small files."""
