"""Rules like those of programs, with what a workspace adds."""

load("//python/private:builders.bzl", "py_binary_rule_builder", "py_test_rule_builder")

executables = struct(
    py_binary_rule_builder = py_binary_rule_builder,
    py_test_rule_builder = py_test_rule_builder,
)
