"""Runs a program that makes files or directories."""

load(
    "@bazel_lib//lib:run_binary.bzl",
    _run_binary = "run_binary",
)

run_binary = _run_binary
