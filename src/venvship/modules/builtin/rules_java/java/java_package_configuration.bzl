"""`java_package_configuration`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

java_package_configuration = foreign_rule("java_package_configuration")
