"""Rules that every workspace may use: files, choices, platforms, generated files."""
