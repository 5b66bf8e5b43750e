"""Macros that make repositories, as module extensions."""

def _as_extension(macro, doc = None):
    def run(module_ctx):
        macro()
        return module_ctx.extension_metadata(
            root_module_direct_deps = "all",
            root_module_direct_dev_deps = [],
            reproducible = True,
        )

    return module_extension(implementation = run, doc = doc)

def _use_all_repos(module_ctx, reproducible = False):
    return module_ctx.extension_metadata(
        root_module_direct_deps = "all",
        root_module_direct_dev_deps = [],
        reproducible = reproducible,
    )

def _apparent_repo_name(label_or_name):
    name = getattr(label_or_name, "repo_name", label_or_name)
    return name.rpartition("+")[2].rpartition("~")[2]

modules = struct(
    apparent_repo_name = _apparent_repo_name,
    as_extension = _as_extension,
    use_all_repos = _use_all_repos,
)
