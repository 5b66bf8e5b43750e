"""OCI images."""

oci_image = _venvship.oci_image
