"""All rules of this module; none of them is built here."""

load(":cc_binary.bzl", _cc_binary = "cc_binary")
load(":cc_import.bzl", _cc_import = "cc_import")
load(":cc_library.bzl", _cc_library = "cc_library")
load(":cc_shared_library.bzl", _cc_shared_library = "cc_shared_library")
load(":cc_static_library.bzl", _cc_static_library = "cc_static_library")
load(":cc_test.bzl", _cc_test = "cc_test")
load(":cc_toolchain.bzl", _cc_toolchain = "cc_toolchain")
load(":cc_toolchain_suite.bzl", _cc_toolchain_suite = "cc_toolchain_suite")
load(":fdo_profile.bzl", _fdo_profile = "fdo_profile")
load(":objc_library.bzl", _objc_library = "objc_library")

cc_binary = _cc_binary
cc_import = _cc_import
cc_library = _cc_library
cc_shared_library = _cc_shared_library
cc_static_library = _cc_static_library
cc_test = _cc_test
cc_toolchain = _cc_toolchain
cc_toolchain_suite = _cc_toolchain_suite
fdo_profile = _fdo_profile
objc_library = _objc_library
