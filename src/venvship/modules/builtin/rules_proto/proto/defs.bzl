"""All rules of this module; none of them is built here."""

load(":proto_library.bzl", _proto_library = "proto_library")
load(":proto_lang_toolchain.bzl", _proto_lang_toolchain = "proto_lang_toolchain")
load(":proto_toolchain.bzl", _proto_toolchain = "proto_toolchain")

proto_library = _proto_library
proto_lang_toolchain = _proto_lang_toolchain
proto_toolchain = _proto_toolchain
