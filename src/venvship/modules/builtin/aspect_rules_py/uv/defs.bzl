"""Programs that distributions of a lock file bring."""

load("//py/private:programs.bzl", "py_binary")
load("@venvship//python/private:programs.bzl", "console_script", "entry_point")

def py_console_script_binary(name, pkg, script = None, deps = [], **kwargs):
    """A program that starts the console script `script` of the distribution `pkg`.

    Args:
      name: name of the program.
      pkg: the distribution, `@pypi//black`.
      script: name of the script; that of the program by default.
      deps: what else it shall find, such as plugins.
      **kwargs: everything that `py_binary` takes.
    """
    console_script(py_binary, name, pkg, script, deps, kwargs)

def py_entrypoint_binary(name, entrypoint, pkg, deps = [], **kwargs):
    """A program that calls `entrypoint`.

    Args:
      name: name of the program.
      entrypoint: the function, `module:function`.
      pkg: the distribution that has it.
      deps: what else it shall find.
      **kwargs: everything that `py_binary` takes.
    """
    entry_point(py_binary, name, entrypoint, pkg, deps, kwargs)

def gazelle_python_manifest(
        name,
        hub = None,
        venvs = [],
        include_stub_packages = False,
        platform_parent = None,
        platform_parents = None,
        pip_repository_name = None,
        modules_mapping = None,
        requirements = None,
        manifest = "gazelle_python.yaml",
        visibility = None,
        tags = []):
    """The file `gazelle_python.yaml`, which tells Gazelle's plugin for Python which module is of which distribution.

    `<name>.update` writes it, beside the BUILD file by default, and the test `<name>.test` looks whether it is up to date.

    Args:
      name: name of the generated file's target.
      hub: name of the hub.
      venvs: dependency groups whose distributions count; all that do not conflict, by default.
      include_stub_packages: whether distributions of stubs are listed by their own names (`types_requests`), by which the
        plugin finds those that belong to an imported distribution.
      platform_parent: taken; distributions are those of the platform that is built for.
      platform_parents: the same under the name of later releases.
      pip_repository_name: another name of `hub`.
      modules_mapping: a target `modules_mapping`, which may leave modules out; the hub knows the modules.
      requirements: taken; the hub knows the distributions.
      manifest: where the file is written. One of another package must exist and be exported.
      visibility: who may use the targets.
      tags: tags of the targets.
    """
    repository = (hub or pip_repository_name or "").lstrip("@")
    if not repository:
        fail("`%s`: name the `hub`" % name)
    deps = []
    for group in venvs or [""]:
        part = "_%s.%s" % (name, group) if group else "_%s.wheels" % name
        _venvship.wheels_of_group(name = part, deps = ["@%s//:group_deps" % repository], dep_group = group, tags = ["manual"])
        deps.append(":" + part)
    _venvship.gazelle_manifest(
        name = name,
        hub = repository,
        deps = deps,
        include_stub_packages = include_stub_packages,
        modules_mapping = modules_mapping,
        visibility = visibility,
        tags = tags,
    )
    written = native.package_relative_label(manifest)
    existing = native.glob([written.name], allow_empty = True) if written.package == native.package_name() else [written]
    shared = {
        "manifest": ":" + name,
        "written": (written.package + "/" + written.name).removeprefix("/"),
        "visibility": visibility,
        "tags": tags,
    }
    _venvship.gazelle_manifest_update(name = name + ".update", **shared)
    if existing:
        _venvship.gazelle_manifest_test(name = name + ".test", existing = existing, **shared)
