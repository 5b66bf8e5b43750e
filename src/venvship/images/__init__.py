"""Plans image layers and OCI documents."""
