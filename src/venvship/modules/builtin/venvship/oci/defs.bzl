"""Bases for images, how programs are cut into layers, and what is told about images."""

runtime_base = _venvship.runtime_base
py_layer_tier = _venvship.py_layer_tier
oci_provenance = _venvship.oci_provenance
py_sbom = _venvship.py_sbom
