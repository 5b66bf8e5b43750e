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
      requirements_txt: the lock, in the package of the target; `//:requirements.txt` by default.
      requirements_overrides: a file with versions that count in the place of what distributions ask for.
      python_platform: the platform that the lock is for; this machine's by default.
      universal: whether the lock is for all platforms.
      args: words for `uv pip compile`, in the place of the customary ones.
      extra_args: further words.
      data: other files that the first ones name.
      env: variables for uv.
      tags: tags of both.
      size: size of the test.
      timeout: timeout of the test.
      target_compatible_with: what the platform must have.
      visibility: who may use the targets.
      **_kwargs: how the test is run elsewhere, which has no effect.
    """
    lock = native.package_relative_label(requirements_txt or "//:requirements.txt")
    if lock.package != native.package_name():
        fail("`%s`: a lock is made in the package that it is in: write this into the BUILD file of `//%s`" % (name, lock.package))
    asked = requirements_in or "//:requirements.in"
    overrides = [native.package_relative_label(requirements_overrides)] if requirements_overrides else []
    requirements_lock(
        name = name,
        test_name = name + "_test",
        srcs = asked if type(asked) == "list" else [asked],
        out = lock.name,
        words = [word for word in args + extra_args if word not in _SAID_ANYWAY] +
                (["--universal"] if universal else []) +
                (["--python-platform", python_platform] if python_platform else []) +
                ["--override=" + (one.package + "/" + one.name).lstrip("/") for one in overrides],
        data = data + overrides,
        env = env or {},
        generate_hashes = "--no-generate-hashes" not in args + extra_args,
        strip_extras = "--strip-extras" in args + extra_args,
        tags = tags,
        target_compatible_with = target_compatible_with,
        visibility = visibility,
        test = {"size": size, "timeout": timeout},
    )

_SAID_ANYWAY = ["--generate-hashes", "--no-generate-hashes", "--no-strip-extras", "--strip-extras"]
