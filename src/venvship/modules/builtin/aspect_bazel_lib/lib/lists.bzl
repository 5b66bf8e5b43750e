"""Functions on lists."""

load(
    "@bazel_lib//lib:lists.bzl",
    _every = "every",
    _filter = "filter",
    _find = "find",
    _map = "map",
    _once = "once",
    _pick = "pick",
    _some = "some",
    _unique = "unique",
)

every = _every
filter = _filter
find = _find
map = _map
once = _once
pick = _pick
some = _some
unique = _unique
