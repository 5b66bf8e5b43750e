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

def gazelle_python_manifest(name, **_kwargs):
    """Refused: BUILD files are not generated."""
    fail("gazelle_python_manifest is not supported (`%s`)" % name)
