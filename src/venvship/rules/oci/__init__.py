"""Image layers and OCI images."""
