"""`py_proto_library`, which is not built here: `protoc` of the distribution `grpcio-tools` makes modules in a genrule."""

load("@venvship//foreign:rules.bzl", "foreign_rule")

py_proto_library = foreign_rule("py_proto_library")
