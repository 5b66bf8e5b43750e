"""Requirements files that pin everything, by the names of rules_uv."""

load("@rules_python//python/private:requirements.bzl", "requirements_lock")

def pip_compile(
        name,
        requirements_in = None,
        requirements_txt = None,
        requirements_overrides = None,
        python_platform = "",
        universal = False,
        args = ["--no-strip-extras"],
        extra_args = [],
        data = [],
        env = None,
        py3_runtime = None,
        tags = [],
        size = None,
        timeout = None,
        target_compatible_with = None,
        visibility = None,
        **_kwargs):
    """Make the program `name`, which writes a requirements file, and the test `<name>_test` that it is up to date.

    Args:
      name: name of the program.
      requirements_in: what is asked for, one file or several; `//:requirements.in` by default.
      requirements_txt: the lock; `//:requirements.txt` by default. One of another package must exist and be exported.
      requirements_overrides: a file with versions that count in the place of what distributions ask for.
      python_platform: the platform that the lock is for; this machine's by default.
      universal: whether the lock is for all platforms.
      args: words for `uv pip compile`, in the place of the customary ones.
      extra_args: further words.
      data: other files that the first ones name.
      env: variables for uv.
      py3_runtime: the interpreter of which version the lock is for, by the name of its repository; that of the build
        by default.
      tags: tags of both.
      size: size of the test.
      timeout: timeout of the test.
      target_compatible_with: what the platform must have.
      visibility: who may use the targets.
      **_kwargs: how the test is run elsewhere, which has no effect.
    """
    asked = requirements_in or "//:requirements.in"
    overrides = [native.package_relative_label(requirements_overrides)] if requirements_overrides else []
    requirements_lock(
        name = name,
        test_name = name + "_test",
        srcs = asked if type(asked) == "list" else [asked],
        out = requirements_txt or "//:requirements.txt",
        words = [word for word in args + extra_args if word not in _SAID_ANYWAY] +
                (["--universal"] if universal else []) +
                (["--python-platform", python_platform] if python_platform else []) +
                ["--override=" + (one.package + "/" + one.name).lstrip("/") for one in overrides],
        data = data + overrides,
        env = env or {},
        generate_hashes = "--no-generate-hashes" not in args + extra_args,
        lock_python_version = _version_of(name, py3_runtime) if py3_runtime else "",
        strip_extras = "--strip-extras" in args + extra_args,
        tags = tags,
        target_compatible_with = target_compatible_with,
        visibility = visibility,
        test = {"size": size, "timeout": timeout},
    )

_SAID_ANYWAY = ["--generate-hashes", "--no-generate-hashes", "--no-strip-extras", "--strip-extras"]

def _version_of(name, runtime):
    """3.12 of `@python_3_12_x86_64-unknown-linux-gnu//:py3_runtime`."""
    parts = str(runtime).partition("//")[0].rpartition("python_")[2].split("_")
    if len(parts) < 2 or not parts[0].isdigit() or not parts[1].isdigit():
        fail("`%s`: py3_runtime names no version: say it with `extra_args = [\"--python-version=3.12\"]`" % name)
    return ".".join([part for part in parts[:3] if part.isdigit()])
