"""What a tree, a layer or a zip archive holds."""
