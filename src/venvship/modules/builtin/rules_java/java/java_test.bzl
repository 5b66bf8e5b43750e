"""`java_test`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

java_test = foreign_rule("java_test")
