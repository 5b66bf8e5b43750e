"""The only place where implementations are chosen and wired together."""
