"""Tests that pytest runs."""

load(":programs.bzl", "py_test")

def py_pytest_main(name, srcs = [], pytest_args = [], chdir = None, **kwargs):
    """A library with the program `<name>.py`, which runs pytest over `srcs`."""
    _venvship.py_pytest_main(
        name = name,
        srcs = srcs,
        pytest_args = pytest_args,
        chdir = chdir or "",
        runner = "pytest",
        **kwargs
    )

def py_pytest_test(name, srcs, deps = [], pytest_args = [], chdir = None, data = [], **kwargs):
    """A test of which every file in `srcs` is a pytest module; `deps` must hold pytest.

    Args:
      name: name of the test.
      srcs: test modules; `conftest.py` files are not collected, but used.
      deps: Python targets that they need.
      pytest_args: arguments for pytest.
      chdir: directory, relative to the workspace, to run in.
      data: files and targets needed at run time.
      **kwargs: everything that `py_test` takes, except `main`.
    """
    if "main" in kwargs:
        fail("`%s`: py_pytest_test writes its own main" % name)
    main = "__test__%s__" % name
    py_pytest_main(
        name = main,
        srcs = srcs,
        pytest_args = pytest_args,
        chdir = chdir,
        testonly = True,
        tags = ["manual"],
        visibility = ["//visibility:private"],
    )
    py_test(
        name = name,
        srcs = srcs,
        main = ":" + main,
        deps = deps,
        data = data,
        **kwargs
    )
