"""The file that tells Gazelle's plugin for Python which module is of which distribution; Gazelle itself is not here."""

load("@aspect_rules_py//uv:defs.bzl", _manifest = "gazelle_python_manifest")

def gazelle_python_manifest(
        name,
        modules_mapping = None,
        requirements = [],
        pip_repository_name = "",
        pip_deps_repository_name = "",
        manifest = ":gazelle_python.yaml",
        tags = [],
        visibility = None,
        **_kwargs):
    """Make `<name>.update`, which writes the file, and the test `<name>.test`, which wildcards pass over.

    A file that the plugin's own program has written says the same in other words, so the test is for those that
    `<name>.update` has written.

    Args:
      name: name of the generated file's target.
      modules_mapping: the target that says which modules are left out, and whether stubs are listed.
      requirements: taken; the hub knows them.
      pip_repository_name: the hub.
      pip_deps_repository_name: its older name.
      manifest: the file. One of another package must exist and be exported.
      tags: tags of the targets.
      visibility: who may use the targets.
      **_kwargs: how the plugin's program is run, which has no effect.
    """
    _manifest(
        name = name,
        hub = pip_repository_name or pip_deps_repository_name,
        manifest = manifest,
        modules_mapping = modules_mapping,
        tags = tags + ([] if "manual" in tags else ["manual"]),
        visibility = visibility,
    )
