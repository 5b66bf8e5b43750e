"""`java_binary`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

java_binary = foreign_rule("java_binary")
