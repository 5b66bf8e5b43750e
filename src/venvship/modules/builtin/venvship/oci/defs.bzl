"""Bases for images."""

runtime_base = _venvship.runtime_base
