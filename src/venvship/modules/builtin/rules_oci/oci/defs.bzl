"""OCI images."""

load("//oci/private:macros.bzl", _oci_image = "oci_image", _oci_image_index = "oci_image_index", _oci_load = "oci_load", _oci_push = "oci_push")

oci_image = _oci_image
oci_image_index = _oci_image_index
oci_load = _oci_load
oci_push = _oci_push

def oci_tarball(name, image, repo_tags = [], **kwargs):
    """What `oci_load` was called before rules_oci 2."""
    _oci_load(name = name, image = image, repo_tags = repo_tags, **kwargs)
