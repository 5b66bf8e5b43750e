"""`java_plugin`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

java_plugin = foreign_rule("java_plugin")
