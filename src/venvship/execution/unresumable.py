"""A command that can't go on from a record."""

from __future__ import annotations


class Unresumable(Exception):
    """What was kept does not suffice; the command must load and analyse."""
