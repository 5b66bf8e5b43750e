"""`java_import`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

java_import = foreign_rule("java_import")
