"""Bases for images, and how programs are cut into layers."""

runtime_base = _venvship.runtime_base
py_layer_tier = _venvship.py_layer_tier
