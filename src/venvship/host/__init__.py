"""Everything that touches the operating system or differs by it."""
