"""Requirements files that pin everything, made with uv."""

load("//python/private:requirements.bzl", "requirements_lock")

def lock(
        name,
        srcs,
        out,
        args = [],
        build_constraints = [],
        constraints = [],
        env = None,
        generate_hashes = True,
        python_version = None,
        strip_extras = False,
        existing_output = None,
        project = None,
        visibility = None,
        tags = [],
        testonly = None,
        **kwargs):
    """Make the program `<name>.update`, which writes the lock, and the test `<name>.test` that it is up to date.

    Args:
      name: another name of the program.
      srcs: requirements files, or a pyproject.toml.
      out: the lock, beside the BUILD file; `venvship lock` makes it too where a hub reads it.
      args: further words for `uv pip compile`.
      build_constraints: files that constrain what builds distributions.
      constraints: files that constrain what is chosen.
      env: variables for uv.
      generate_hashes: whether the lock has hashes, which hubs need.
      python_version: for which Python; the workspace's own by default.
      strip_extras: whether extras are left out.
      existing_output: taken; versions that `out` pins are kept.
      project: taken; uv finds the project of a pyproject.toml by itself.
      visibility: who may use the targets.
      tags: tags of the targets.
      testonly: whether only tests may use the program.
      **kwargs: attributes that all rules have.
    """
    requirements_lock(
        name = name + ".update",
        test_name = name + ".test",
        srcs = srcs,
        out = out,
        words = args,
        build_constraints = build_constraints,
        constraints = constraints,
        env = env or {},
        generate_hashes = generate_hashes,
        lock_python_version = python_version or "",
        strip_extras = strip_extras,
        visibility = visibility,
        tags = tags,
        testonly = testonly,
        **kwargs
    )
    for other in [name, name + ".run"]:
        native.alias(name = other, actual = name + ".update", visibility = visibility, tags = tags, testonly = testonly)
