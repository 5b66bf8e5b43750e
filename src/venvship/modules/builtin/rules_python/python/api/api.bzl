"""What rules make a `PyInfo` with, out of those of other targets."""

load("//python/private:info_builder.bzl", "merge_py_infos", "py_info_builder")

_API = struct(
    PyInfoBuilder = py_info_builder,
    merge_py_infos = merge_py_infos,
)

# Rules need no attribute for it here; they write `attrs = {...} | py_common.API_ATTRS`.
py_common = struct(
    API_ATTRS = {},
    get = lambda ctx: _API,
)
