"""All rules of this module; none of them is built here."""

load(":java_binary.bzl", _java_binary = "java_binary")
load(":java_import.bzl", _java_import = "java_import")
load(":java_library.bzl", _java_library = "java_library")
load(":java_plugin.bzl", _java_plugin = "java_plugin")
load(":java_runtime.bzl", _java_runtime = "java_runtime")
load(":java_test.bzl", _java_test = "java_test")
load(":java_toolchain.bzl", _java_toolchain = "java_toolchain")
load(":java_package_configuration.bzl", _java_package_configuration = "java_package_configuration")

java_binary = _java_binary
java_import = _java_import
java_library = _java_library
java_plugin = _java_plugin
java_runtime = _java_runtime
java_test = _java_test
java_toolchain = _java_toolchain
java_package_configuration = _java_package_configuration
