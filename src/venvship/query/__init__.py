"""Target patterns and the query language over loaded targets."""
