"""MODULE.bazel files as values: the module graph and its repository mappings."""
