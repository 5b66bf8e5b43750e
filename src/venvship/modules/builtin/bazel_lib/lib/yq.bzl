"""`yq`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

yq = foreign_rule("yq", "it runs a program that does not come with venvship")
