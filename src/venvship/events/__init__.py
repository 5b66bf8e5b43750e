"""Typed build events and where they are sent."""
