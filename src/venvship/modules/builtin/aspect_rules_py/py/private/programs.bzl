"""Programs and tests with the defaults of aspect_rules_py."""

load("@venvship//python/private:programs.bzl", "program")

def py_binary(name, **kwargs):
    """A program; see `program` for the arguments."""
    program(_venvship.py_binary, name, "aspect", **kwargs)

def py_test(name, **kwargs):
    """A program that passes by exiting with 0; see `program` for the arguments."""
    if "pytest_main" in kwargs:
        fail("`%s`: pytest_main was removed: use py_pytest_test" % name)
    kwargs["testonly"] = True
    program(_venvship.py_test, name, "aspect", **kwargs)

def py_venv(name, venv = None, **kwargs):
    """A virtualenv that programs can share; running it starts its interpreter.

    Args:
      name: name of the virtualenv.
      venv: another name of `dep_group`.
      **kwargs: everything that the rule takes.
    """
    if venv != None:
        if kwargs.get("dep_group"):
            fail("`%s`: venv and dep_group are two names of one attribute, set one" % name)
        kwargs["dep_group"] = venv
    _venvship.py_venv(name = name, **kwargs)

def py_venv_link(name, venv, link_name = None, **kwargs):
    """Running it links a virtualenv into the directory that it is run in.

    Args:
      name: name of the target.
      venv: the virtualenv.
      link_name: name of the link; by default made of the venv's package and name.
      **kwargs: everything that the rule takes.
    """
    _venvship.py_venv_link(name = name, venv = venv, link_name = link_name or "", **kwargs)
