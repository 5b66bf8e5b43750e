"""What a tree or a layer holds, and deterministic tar files of it."""
