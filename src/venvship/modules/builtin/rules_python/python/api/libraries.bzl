"""Rules like those of libraries, with what a workspace adds."""

load("//python/private:builders.bzl", "py_library_rule_builder")

libraries = struct(
    py_library_rule_builder = py_library_rule_builder,
)
