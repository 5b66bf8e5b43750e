"""Obtains external repositories: wheels of a lock file, interpreters, archives, local paths."""
