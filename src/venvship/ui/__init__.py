"""Shows build events: on a terminal, in a plain log."""
