"""`py_pytest_main`: the program of a pytest or unittest target.

A small generated file names the test modules by runfiles path and hands over to `venvship.tools`' driver, whose
source it carries, so that a test needs nothing but its own dependencies.
"""

from __future__ import annotations

import importlib.resources
import json
from dataclasses import replace

from venvship.analysis.rule_context import RuleContext
from venvship.loading.implicit_outputs import OutputTemplates
from venvship.loading.rule_class import RuleClass
from venvship.model.depset import Depset, union
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.library import LIBRARY_ATTRIBUTES, closure_of


def _py_pytest_main(ctx: RuleContext) -> list[object]:
    modules = [file.runfiles_path for file in ctx.files("srcs") if file.path.endswith(".py")]
    modules = [path for path in modules if not path.endswith(("/conftest.py", "/__init__.py"))]
    if not modules and (ctx.targets("srcs") or ctx.boolean("is_of_test")):
        raise ctx.error("no test module in `srcs`", hint="name the files that hold tests in `srcs`")
    settings = {
        "modules": modules,
        "arguments": [ctx.expand(argument) for argument in ctx.strings("pytest_args")],
        "chdir": ctx.string("chdir"),
        "target": str(ctx.label),
    }
    driver = importlib.resources.files("venvship.tools").joinpath(f"{ctx.string('runner')}_driver.py").read_bytes()
    text = json.dumps(settings, indent=4, ensure_ascii=True)
    output = ctx.declare_file(f"{ctx.label.name}.py")
    program = driver + f'\n\nif __name__ == "__main__":\n    sys.exit(main({text!r}))\n'.encode()
    # Newer releases of the rule set call the file by the second name.
    for file in (output, ctx.declare_file(f"__test__{ctx.label.name}__.py")):
        ctx.write(file, program)
    closure = closure_of(ctx)
    code = replace(closure.code, transitive_sources=union([closure.code.transitive_sources], direct=[output]))
    runfiles = Runfiles.merged([closure.runfiles], files=[output])
    return [DefaultInfo(Depset([output]), runfiles, runfiles), code, closure.wheels]


PY_PYTEST_MAIN = RuleClass(
    "py_pytest_main",
    (
        *LIBRARY_ATTRIBUTES,
        attributes.strings("pytest_args"),
        attributes.string("chdir"),
        # A test says what it runs; a main that programs share may leave it to each of them.
        attributes.boolean("is_of_test"),
        attributes.string("runner", "pytest", values=("pytest", "unittest")),
    ),
    _py_pytest_main,
    implicit_outputs=OutputTemplates({"main": "%{name}.py", "test_main": "__test__%{name}__.py"}),
)
