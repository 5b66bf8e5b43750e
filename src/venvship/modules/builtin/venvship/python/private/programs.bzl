"""Programs, each with a virtualenv of its own or with a shared one."""

# Attributes that decide what the virtualenv holds; the program itself has no use for them.
_VENV_ONLY = ["package_collisions", "include_system_site_packages"]

# Attributes of the program that its virtualenv is built for as well.
_SHARED = [
    "config_settings",
    "debugger",
    "dep_group",
    "features",
    "include_user_site_packages",
    "python_version",
    "resolutions",
    "stamp",
    "target_compatible_with",
    "testonly",
    "toolchains",
    "virtual_deps",
]

# Attributes that a virtualenv takes over when it can be used by itself.
_EXPOSED = ["interpreter_options", "env", "env_inherit"]

def program(
        rule,
        name,
        dialect,
        srcs = [],
        deps = [],
        imports = [],
        data = [],
        external_venv = None,
        expose_venv = None,
        expose_venv_link = False,
        venv = None,
        interpreter_args = None,
        **kwargs):
    """Make a program and, unless it uses a shared one, its virtualenv.

    Args:
      rule: the rule of the program.
      name: name of the program.
      dialect: whose defaults hold, `aspect` or `rules_python`.
      srcs: sources of the program.
      deps: Python targets that it needs.
      imports: import roots, relative to the package.
      data: files and targets that it needs at run time.
      external_venv: a `py_venv` to use; it must hold all that the program needs.
      expose_venv: whether the virtualenv is a target for others, `<name>.venv`, that can be run.
      expose_venv_link: whether `<name>.venv_link` links that virtualenv into the workspace when it is run.
      venv: another name of `dep_group`.
      interpreter_args: another name of `interpreter_options`.
      **kwargs: everything else that the rule takes.
    """
    if interpreter_args:
        if kwargs.get("interpreter_options"):
            fail("`%s`: interpreter_args and interpreter_options are two names of one attribute, set one" % name)
        kwargs["interpreter_options"] = interpreter_args
    if venv != None:
        if type(venv) != "string" or venv.startswith((":", "/", "@")):
            fail("`%s`: venv is the name of a dependency group; use external_venv for a py_venv target" % name)
        if kwargs.get("dep_group"):
            fail("`%s`: venv and dep_group are two names of one attribute, set one" % name)
        kwargs["dep_group"] = venv
    for attribute, value in [("expose_venv", expose_venv), ("expose_venv_link", expose_venv_link)]:
        if type(value) not in ["bool", "NoneType"]:
            fail("`%s`: %s is of type %s, and must be True or False, without select()" % (name, attribute, type(value)))
    if expose_venv_link:
        if expose_venv == False:
            fail("`%s`: expose_venv_link needs expose_venv, which is set to False" % name)
        expose_venv = True
    venv_kwargs = {key: kwargs.pop(key) for key in _VENV_ONLY if key in kwargs}
    if external_venv != None:
        if expose_venv:
            fail("`%s`: expose_venv needs a virtualenv of the program's own, and external_venv is set" % name)
        if venv_kwargs:
            fail("`%s`: %s belongs to the shared virtualenv, set it there" % (name, ", ".join(venv_kwargs.keys())))
        used = {"external_venv": external_venv}
    else:
        directory, _, base = name.rpartition("/")
        private = "_" + base.lstrip("_") if dialect == "rules_python" else "_" + name
        if dialect == "rules_python" and directory:
            private = directory + "/" + private
        venv_name = (name if expose_venv else private) + ".venv"
        label = ":" + venv_name
        venv_kwargs.update({key: kwargs[key] for key in _SHARED if key in kwargs})
        if expose_venv:
            venv_kwargs.update({key: kwargs[key] for key in _EXPOSED if key in kwargs})
            venv_kwargs["visibility"] = kwargs.get("visibility")
            venv_kwargs["tags"] = kwargs.get("tags")
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
            program = name,
            **venv_kwargs
        )
        if expose_venv_link:
            _venvship.py_venv_link(
                name = name + ".venv_link",
                venv = label,
                tags = kwargs.get("tags"),
                testonly = kwargs.get("testonly"),
                visibility = kwargs.get("visibility"),
            )
        used = {"venv": label}
    main = kwargs.get("main")
    if dialect == "rules_python" and type(main) == "string" and main.endswith(".py") and main[0] not in ":/@":
        # A file that a source makes need not be a target.
        kwargs["main_name"] = kwargs.pop("main")
    elif type(main) == "string" and main[:1] not in ["/", "@"]:
        kwargs["main"] = _main_elsewhere(main.removeprefix(":"), srcs) or main
    rule(
        name = name,
        srcs = srcs,
        deps = deps,
        imports = imports,
        data = data,
        dialect = dialect,
        **(kwargs | used)
    )

def _main_elsewhere(main, srcs):
    """The source of another package that is called `main`, where this package has neither source nor file of that name."""
    labels = [label for label in (srcs if type(srcs) == "list" else []) if type(label) == "string"]
    if main in labels or ":" + main in labels or not main.endswith(".py"):
        return None
    found = [label for label in labels if label[0] in "/@" and label.endswith((":" + main, "/" + main))]
    return found[0] if len(found) == 1 and not native.glob([main], allow_empty = True) else None

def console_script(rule, name, pkg, script, deps, kwargs, **calling):
    """Make a program that starts a console script of a distribution.

    Args:
      rule: the macro that makes the program.
      name: name of the program.
      pkg: the distribution, `@pypi//black`.
      script: name of the script; that of the program when None.
      deps: what else the script shall find.
      kwargs: everything else, for `rule`.
      **calling: what the file that calls the script is called (`file`), begins with (`shebang`), and is told by.
    """
    for taken in ["srcs", "main", "main_module"]:
        if taken in kwargs:
            fail("`%s`: py_console_script_binary writes its own program, and takes no %s" % (name, taken))
    shared = {key: kwargs[key] for key in ["testonly", "target_compatible_with"] if key in kwargs}
    _calling_program(rule, name, [pkg] + deps, kwargs, pkg = pkg, script = script or name.rpartition("/")[2], **(shared | calling))

def entry_point(rule, name, entrypoint, pkg, deps, kwargs):
    """Make a program that calls a function.

    Args:
      rule: the macro that makes the program.
      name: name of the program.
      entrypoint: the function, `module:function`.
      pkg: the distribution that has it.
      deps: what else it shall find.
      kwargs: everything else, for `rule`.
    """
    _calling_program(rule, name, [pkg] + deps, kwargs, entrypoint = entrypoint, script = name.rpartition("/")[2])

def _calling_program(rule, name, deps, kwargs, **what):
    main = "_%s_main" % name
    _venvship.py_console_script_main(
        name = main,
        tags = ["manual"],
        visibility = ["//visibility:private"],
        **what
    )
    rule(
        name = name,
        srcs = [":" + main],
        main = ":" + main,
        deps = deps,
        **kwargs
    )
