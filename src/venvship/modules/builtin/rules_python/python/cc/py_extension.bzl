"""`py_extension`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

py_extension = foreign_rule("py_extension")
