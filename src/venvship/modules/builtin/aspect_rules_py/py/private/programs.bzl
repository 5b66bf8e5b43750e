"""Programs, each with a virtualenv of its own or with a shared one."""

# Attributes that decide what the virtualenv holds; the program itself has no use for them.
_VENV_ONLY = ["package_collisions", "include_system_site_packages"]

# Attributes of the program that its virtualenv is built for as well.
_SHARED = ["python_version", "dep_group", "tags", "testonly", "target_compatible_with", "features"]

# Attributes that a virtualenv takes over when it can be used by itself.
_EXPOSED = ["interpreter_options", "env", "env_inherit"]

def program(rule, name, srcs, deps, imports, data, external_venv, expose_venv, dialect, kwargs):
    """Make a program and, unless it uses a shared one, its virtualenv.

    Args:
      rule: the rule of the program.
      name: name of the program.
      srcs: sources of the program.
      deps: Python targets that it needs.
      imports: import roots, relative to the package.
      data: files and targets that it needs at run time.
      external_venv: a `py_venv` to use; it must hold all that the program needs.
      expose_venv: whether the virtualenv is a target for others, `<name>.venv`.
      dialect: whose defaults hold.
      kwargs: everything else, by name.
    """
    venv_kwargs = {key: kwargs.pop(key) for key in _VENV_ONLY if key in kwargs}
    if external_venv != None:
        if expose_venv:
            fail("`%s`: expose_venv needs a virtualenv of the program's own, and external_venv is set" % name)
        if venv_kwargs:
            fail("`%s`: %s belongs to the shared virtualenv, set it there" % (name, ", ".join(venv_kwargs.keys())))
        venv = external_venv
    else:
        venv_name = name + ".venv" if expose_venv else "_" + name + ".venv"
        venv_kwargs.update({key: kwargs[key] for key in _SHARED if key in kwargs})
        if expose_venv:
            venv_kwargs.update({key: kwargs[key] for key in _EXPOSED if key in kwargs})
            venv_kwargs["visibility"] = kwargs.get("visibility")
        else:
            venv_kwargs["tags"] = (kwargs.get("tags") or []) + ["manual"]
            venv_kwargs["visibility"] = ["//visibility:private"]
        _venvship.py_venv(
            name = venv_name,
            srcs = srcs,
            deps = deps,
            imports = imports,
            data = data,
            dialect = dialect,
            **venv_kwargs
        )
        venv = ":" + venv_name
    rule(
        name = name,
        srcs = srcs,
        deps = deps,
        imports = imports,
        data = data,
        venv = venv,
        is_external_venv = external_venv != None,
        dialect = dialect,
        **kwargs
    )

def py_binary(
        name,
        srcs = [],
        deps = [],
        imports = [],
        data = [],
        external_venv = None,
        expose_venv = False,
        **kwargs):
    """A program; see `program` for the arguments."""
    program(_venvship.py_binary, name, srcs, deps, imports, data, external_venv, expose_venv, "aspect", kwargs)

def py_test(
        name,
        srcs = [],
        deps = [],
        imports = [],
        data = [],
        external_venv = None,
        expose_venv = False,
        **kwargs):
    """A program that passes by exiting with 0."""
    if "pytest_main" in kwargs:
        fail("`%s`: pytest_main was removed: use py_pytest_test" % name)
    kwargs["testonly"] = True
    program(_venvship.py_test, name, srcs, deps, imports, data, external_venv, expose_venv, "aspect", kwargs)
