"""`cc_binary`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

cc_binary = foreign_rule("cc_binary")
