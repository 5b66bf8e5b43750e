"""`proto_library`, which is not built here."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

proto_library = foreign_rule("proto_library")
