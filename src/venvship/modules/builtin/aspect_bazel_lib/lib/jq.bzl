"""`jq`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

jq = foreign_rule("jq", "it runs a program that does not come with venvship")
