"""`objc_library`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

objc_library = foreign_rule("objc_library")
