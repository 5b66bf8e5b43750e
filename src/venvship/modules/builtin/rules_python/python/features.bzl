"""What can be relied on, for `.bzl` files that have to work with several versions of rules_python."""

features = struct(
    version = "2.2.0",
    precompile = True,
    py_info_venv_symlinks = True,
    py_info_site_packages_symlinks = False,
    uses_builtin_rules = False,
    headers_abi3 = False,
    zipapp_rules = True,
    targets = {},
    loadable_symbols = {},
)
