"""`cc_toolchain_suite`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

cc_toolchain_suite = foreign_rule("cc_toolchain_suite")
