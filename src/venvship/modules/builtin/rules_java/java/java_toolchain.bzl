"""`java_toolchain`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

java_toolchain = foreign_rule("java_toolchain")
