"""argv → a command → exit code; one file per command."""
