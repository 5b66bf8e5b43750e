"""Builders of rules and of their parts."""

load("//python/private:builders.bzl", "rule_builder")

ruleb = struct(
    ExecGroup = exec_group,
    Rule = rule_builder,
    ToolchainType = config_common.toolchain_type,
)
