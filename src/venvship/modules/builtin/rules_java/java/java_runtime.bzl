"""`java_runtime`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

java_runtime = foreign_rule("java_runtime")
