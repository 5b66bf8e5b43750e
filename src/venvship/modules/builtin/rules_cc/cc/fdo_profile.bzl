"""`fdo_profile`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

fdo_profile = foreign_rule("fdo_profile")
