"""`java_library`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

java_library = foreign_rule("java_library")
