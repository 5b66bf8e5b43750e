"""Programs that are files, as programs that are targets."""

load("@venvship//programs:native_binary.bzl", _native_binary = "native_binary", _native_test = "native_test")

native_binary = _native_binary
native_test = _native_test
