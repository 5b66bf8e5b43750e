"""What can be relied on, for `.bzl` files that have to work with several versions of rules_python."""

_FILES = {
    "python": [
        "defs",
        "features",
        "packaging",
        "pip",
        "proto",
        "py_binary",
        "py_cc_link_params_info",
        "py_exec_tools_info",
        "py_exec_tools_toolchain",
        "py_executable_info",
        "py_import",
        "py_info",
        "py_library",
        "py_runtime",
        "py_runtime_info",
        "py_runtime_pair",
        "py_test",
        "repositories",
        "versions",
    ],
    "python/api": ["api", "attr_builders", "executables", "libraries", "rule_builders"],
    "python/cc": ["py_cc_toolchain", "py_cc_toolchain_info"],
    "python/entry_points": ["py_console_script_binary"],
    "python/local_toolchains": ["repos"],
}
_SETTINGS = ["build_runfile_links", "enable_runfiles", "extra_toolchains"]

features = struct(
    version = "2.2.0",
    precompile = True,
    py_info_venv_symlinks = True,
    py_info_site_packages_symlinks = False,
    uses_builtin_rules = False,
    headers_abi3 = False,
    zipapp_rules = True,
    targets = {
        "//%s:%s" % (package, name): True
        for package, names in (_FILES | {"command_line_option": _SETTINGS, "python/config_settings": ["venv"]}).items()
        for name in names
    },
    loadable_symbols = {"//python:py_info.bzl": ["PyInfo", "VenvSymlinkEntry", "VenvSymlinkKind"]},
)
