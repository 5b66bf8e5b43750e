"""Parts of wheels, and requirements files that pin everything."""

load("//python/private:requirements.bzl", "requirements_lock")

whl_filegroup = _venvship.whl_filegroup

def _normalized(name):
    return "_".join([part for part in name.lower().replace("-", "_").replace(".", "_").split("_") if part])

pip_utils = struct(normalize_name = _normalized)

def pip_parse(name, **_kwargs):
    """Refused: hubs are those of MODULE.bazel."""
    fail("pip_parse(name = \"%s\") is for WORKSPACE files: " % name +
         "write `pip.parse` of @rules_python//python/extensions:pip.bzl in MODULE.bazel")

def package_annotation(**kwargs):
    """Refused: MODULE.bazel says what is changed of wheels."""
    fail("package_annotation(%s) is for WORKSPACE files: " % ", ".join(kwargs.keys()) +
         "write `pip.whl_mods` of @rules_python//python/extensions:pip.bzl in MODULE.bazel")

# Words of pip-compile that uv knows, or that mean what it does anyway, are taken as they are; these mean nothing to it.
_OF_PIP_COMPILE = ["--allow-unsafe", "--no-allow-unsafe", "--resolver=backtracking", "--strip-extras", "--no-strip-extras"]

def compile_pip_requirements(
        name,
        srcs = None,
        src = None,
        extra_args = [],
        extra_data = [],
        extra_deps = [],
        py_binary = None,
        py_test = None,
        generate_hashes = True,
        requirements_in = None,
        requirements_txt = None,
        requirements_linux = None,
        requirements_darwin = None,
        requirements_windows = None,
        constraints = [],
        env = None,
        python_version = None,
        size = "medium",
        timeout = None,
        visibility = ["//visibility:private"],
        tags = [],
        **kwargs):
    """Make the program `<name>.update`, which writes a requirements file, and the test `<name>.test`.

    Args:
      name: name of the files.
      srcs: what is asked for; `requirements.in` or `pyproject.toml` by default.
      src: the same, one file.
      extra_args: further words for `uv pip compile`.
      extra_data: other files that the first ones name.
      extra_deps: taken; nothing runs in Python here.
      py_binary: taken; nothing runs in Python here.
      py_test: taken; nothing runs in Python here.
      generate_hashes: whether the lock has hashes, which hubs need.
      requirements_in: another name of `src`.
      requirements_txt: the lock.
      requirements_linux: the lock, where each system has its own.
      requirements_darwin: taken; locks are made for Linux.
      requirements_windows: taken; locks are made for Linux.
      constraints: files that constrain what is chosen.
      env: variables for uv.
      python_version: the version that the lock is for; that of the build by default.
      size: size of the test.
      timeout: timeout of the test.
      visibility: who may use the targets.
      tags: tags of the targets.
      **kwargs: attributes that all tests have.
    """
    asked = srcs or [src or requirements_in or (["requirements.in"] if native.glob(["requirements.in"], allow_empty = True) else ["pyproject.toml"])[0]]
    out = native.package_relative_label(requirements_linux or requirements_txt or "requirements.txt")
    requirements_lock(
        name = name + ".update",
        test_name = name + ".test",
        srcs = asked,
        out = out,
        words = [word for word in extra_args if word not in _OF_PIP_COMPILE],
        constraints = constraints,
        data = extra_data,
        env = env or {},
        lock_python_version = python_version or "",
        generate_hashes = generate_hashes,
        strip_extras = "--strip-extras" in extra_args,
        visibility = visibility,
        tags = tags,
        test = {"size": size, "timeout": timeout} | kwargs,
    )
    if out.package != native.package_name() or native.glob([out.name], allow_empty = True):
        native.filegroup(name = name, srcs = [out], visibility = visibility, tags = tags)
        native.alias(name = name + "_test", actual = name + ".test", visibility = visibility, tags = tags)
