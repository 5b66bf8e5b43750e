"""Bases for images, how programs are cut into layers, and what is told about images."""

debian_base = _venvship.debian_base
debian_package = _venvship.debian_package
debian_packages = _venvship.debian_packages
runtime_base = _venvship.runtime_base
py_layer_tier = _venvship.py_layer_tier
oci_provenance = _venvship.oci_provenance
py_sbom = _venvship.py_sbom
