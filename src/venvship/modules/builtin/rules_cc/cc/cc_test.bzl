"""`cc_test`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

cc_test = foreign_rule("cc_test")
