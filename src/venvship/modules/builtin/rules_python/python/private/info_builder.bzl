"""A `PyInfo` that is made of others in steps."""

load("@venvship//python/private:providers.bzl", "providers")

PyInfo = providers.PyInfo

# What a target says of itself alone, what it says of all that it needs, and the same where only this product knows it.
_DIRECT = ["direct_original_sources", "direct_pyc_files", "direct_pyi_files"]
_TRANSITIVE = [
    "imports",
    "transitive_implicit_pyc_files",
    "transitive_implicit_pyc_source_files",
    "transitive_original_sources",
    "transitive_pyc_files",
    "transitive_pyi_files",
    "transitive_sources",
    "venv_symlinks",
]
_HIDDEN = ["distributions", "virtual_dependencies", "virtual_resolutions"]
_BOOLEANS = ["has_py2_only_sources", "has_py3_only_sources", "uses_shared_libraries"]

def _depset_builder(order = "default"):
    held = {"order": order}
    direct, transitive = [], []

    def add(*values):
        for value in values:
            if type(value) == "depset":
                transitive.append(value)
            elif type(value) == "list":
                direct.extend(value)
            else:
                direct.append(value)
        return self

    def set_order(order):
        held["order"] = order
        return self

    self = struct(
        add = add,
        build = lambda: depset(direct, transitive = transitive, order = held["order"]),
        get_order = lambda: held["order"],
        set_order = set_order,
    )
    return self

def py_info_builder():
    """A builder: its fields take files, lists and depsets with `add`, and `build` makes the `PyInfo`."""
    parts = {name: _depset_builder() for name in _DIRECT + _TRANSITIVE + _HIDDEN}
    parts["venv_symlinks"].set_order("topological")
    booleans = {name: False for name in _BOOLEANS}

    def merge_all(transitive, *, direct = []):
        for info in direct:
            for name in _DIRECT:
                parts[name].add(getattr(info, name))
        for info in direct + transitive:
            for name in _TRANSITIVE + _HIDDEN:
                parts[name].add(getattr(info, name))
            for name in _BOOLEANS:
                booleans[name] = booleans[name] or getattr(info, name)
        return self

    def merge_targets(targets):
        return merge_all([target[PyInfo] for target in targets if PyInfo in target])

    def put(name, value):
        booleans[name] = value
        return self

    def boolean(name):
        return {
            "get_" + name: lambda: booleans[name],
            "merge_" + name: lambda value: put(name, booleans[name] or value),
            "set_" + name: lambda value: put(name, value),
        }

    accessors = {}
    for name in _BOOLEANS:
        accessors |= boolean(name)
    self = struct(
        build = lambda package = None: PyInfo(**({name: part.build() for name, part in parts.items()} | booleans)),
        build_builtin_py_info = lambda: None,
        merge = lambda *infos, direct = []: merge_all(list(infos), direct = direct),
        merge_all = merge_all,
        merge_target = lambda target: merge_targets([target]),
        merge_targets = merge_targets,
        **(accessors | {name: part for name, part in parts.items() if name not in _HIDDEN})
    )
    return self

def merge_py_infos(transitive, *, direct = []):
    """One `PyInfo` of several.

    Args:
      transitive: those of what a target needs.
      direct: those of what a target is made of.
    """
    return py_info_builder().merge_all(transitive, direct = direct).build()
