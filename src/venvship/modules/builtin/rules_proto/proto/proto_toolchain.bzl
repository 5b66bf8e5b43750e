"""`proto_toolchain`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

proto_toolchain = foreign_rule("proto_toolchain")
