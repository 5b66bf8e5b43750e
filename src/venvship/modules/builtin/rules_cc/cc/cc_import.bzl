"""`cc_import`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

cc_import = foreign_rule("cc_import")
