"""Build information, which outputs never hold here."""

load(
    "@bazel_lib//lib:stamping.bzl",
    _STAMP_ATTRS = "STAMP_ATTRS",
    _maybe_stamp = "maybe_stamp",
)

STAMP_ATTRS = _STAMP_ATTRS
maybe_stamp = _maybe_stamp
