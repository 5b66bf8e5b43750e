"""`cc_static_library`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

cc_static_library = foreign_rule("cc_static_library")
