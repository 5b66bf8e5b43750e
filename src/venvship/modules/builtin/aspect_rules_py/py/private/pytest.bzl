"""Tests that pytest or unittest runs."""

load(":programs.bzl", "py_test")

def py_pytest_main(
        name,
        srcs = [],
        py_library = None,
        deps = [],
        data = [],
        args = [],
        pytest_args = [],
        chdir = None,
        **kwargs):
    """A library with the program `<name>.py`, which runs pytest over `srcs`, or over all tests of its program.

    Args:
      name: name of the library; a program takes it as `main` and in `deps`.
      srcs: test modules; without them those of the package below which the program is started are collected.
      py_library: taken for the sake of older BUILD files.
      deps: Python targets that the tests need.
      data: files that the tests need.
      args: arguments for pytest.
      pytest_args: arguments for pytest.
      chdir: directory, relative to the workspace, to run in.
      **kwargs: everything that the rule takes.
    """
    _venvship.py_pytest_main(
        name = name,
        srcs = srcs,
        deps = deps,
        data = data,
        pytest_args = args + pytest_args,
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
    _test("pytest", "py_pytest_test", name, srcs, deps, data, pytest_args, chdir, kwargs)

def py_unittest_test(name, srcs, deps = [], data = [], **kwargs):
    """A test of which every file in `srcs` is a unittest module; it fails when there is nothing to run.

    Args:
      name: name of the test.
      srcs: test modules.
      deps: Python targets that they need.
      data: files and targets needed at run time.
      **kwargs: everything that `py_test` takes, except `main`; of `args` only -v -q -f -b and -k are known.
    """
    _test("unittest", "py_unittest_test", name, srcs, deps, data, [], None, kwargs)

def _test(runner, macro, name, srcs, deps, data, arguments, chdir, kwargs):
    for taken in ["main", "main_module"]:
        if taken in kwargs:
            fail("`%s`: %s writes its own %s" % (name, macro, taken))
    main = "__test__%s__" % name
    _venvship.py_pytest_main(
        name = main,
        srcs = srcs,
        data = data,
        pytest_args = arguments,
        chdir = chdir or "",
        runner = runner,
        is_of_test = True,
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
