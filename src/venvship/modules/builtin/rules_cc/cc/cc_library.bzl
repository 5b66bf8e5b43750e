"""`cc_library`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

cc_library = foreign_rule("cc_library")
