"""Console scripts of distributions."""

load("//python:py_binary.bzl", "py_binary")
load("@venvship//python/private:programs.bzl", "console_script")

def py_console_script_binary(*, name, pkg, entry_points_txt = None, script = None, binary_rule = None, shebang = "", main = None, deps = [], **kwargs):
    """A program that starts the console script `script` of the distribution `pkg`.

    Args:
      name: name of the program.
      pkg: the distribution.
      entry_points_txt: a file `entry_points.txt`, or what has one; by default that of the distribution.
      script: name of the script; that of the program by default.
      binary_rule: the macro that makes the program.
      shebang: the first line of the file that calls the script, none by default.
      main: name of the file that calls the script.
      deps: what else it shall find.
      **kwargs: everything that `py_binary` takes.
    """
    console_script(binary_rule or py_binary, name, pkg, script, deps, kwargs, file = main, entry_points_txt = entry_points_txt, shebang = shebang)
