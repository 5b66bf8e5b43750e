"""Stores of bytes by digest, and their combination."""
