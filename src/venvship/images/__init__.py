"""Plans image layers and the documents that describe what is in them."""
