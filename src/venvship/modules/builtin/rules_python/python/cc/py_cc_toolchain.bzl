"""`py_cc_toolchain`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

py_cc_toolchain = foreign_rule("py_cc_toolchain")
