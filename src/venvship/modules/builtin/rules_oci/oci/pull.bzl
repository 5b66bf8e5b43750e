"""Images of a registry, by digest."""

oci_pull = _venvship.oci_pull
