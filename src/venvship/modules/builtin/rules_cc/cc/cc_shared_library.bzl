"""`cc_shared_library`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

cc_shared_library = foreign_rule("cc_shared_library")
