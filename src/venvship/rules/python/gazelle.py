"""`gazelle_manifest`: which module is of which distribution, as Gazelle's plugin for Python reads it."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Mapping
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.loading.rule_class import RuleClass
from venvship.model.depset import Depset, union
from venvship.model.paths import join
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.core.programs import arguments_info, test_info
from venvship.rules.python.distributions import package_name
from venvship.rules.python.providers import PyWheelsInfo
from venvship.rules.python.transitions import python_transition
from venvship.venvs.module_index import is_stubs, module_index

FILE: Final = "gazelle_python.yaml"
_HEAD: Final = """# GENERATED FILE - DO NOT EDIT!
#
# To update this file, run:
#   venvship run {update}

---
"""
_UPDATE: Final = """#!/bin/sh
set -eu
runfiles="$PWD"
cd "${{BUILD_WORKSPACE_DIRECTORY:?start this with the command run}}"
rm -f {target}
cp "$runfiles/"{made} {target}
chmod 644 {target}
"""
_TEST: Final = """#!/bin/sh
diff -u {target} {made} || {{
  echo {stale} >&2
  exit 1
}}
"""
_PLAIN: Final = re.compile(r"[A-Za-z][A-Za-z0-9_]*(?:\.[A-Za-z0-9_]+)*", re.ASCII)
_NOT_TEXT: Final = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null"))


@dataclass(frozen=True, slots=True)
class ModulesMapping:
    """What a target says of the modules that are listed."""

    excluded: tuple[re.Pattern[str], ...] = ()
    stubs: bool = False


def manifest_text(modules: Mapping[str, str], *, hub: str, update: str) -> str:
    """The file; values are packages of the hub."""
    rows = [f"    {_scalar(name)}: {_scalar(package_name(modules[name]))}\n" for name in sorted(modules)]
    mapping = "".join(["  modules_mapping:\n", *rows]) if rows else "  modules_mapping: {}\n"
    return f"{_HEAD.format(update=update)}manifest:\n{mapping}  pip_repository:\n    name: {_scalar(hub)}\n"


def _scalar(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT else json.dumps(text)


def _wheels_of_group(ctx: RuleContext) -> list[object]:
    infos = ctx.provided("deps", PyWheelsInfo)
    return [DefaultInfo(), PyWheelsInfo(union(info.wheels for info in infos))]


def _modules_mapping(ctx: RuleContext) -> list[object]:
    excluded: list[re.Pattern[str]] = []
    wrong: list[str] = []
    for text in ctx.strings("exclude_patterns"):
        try:
            excluded.append(re.compile(text))
        except re.error as error:
            wrong.append(f"  `{text}`: {error}")
    if wrong:
        raise ctx.error("\n".join(["`exclude_patterns` has what is no regular expression:", *wrong]))
    mapping = ModulesMapping(tuple(excluded), ctx.boolean("include_stub_packages"))
    return [DefaultInfo(Depset(ctx.files("wheels"))), mapping]


def _gazelle_manifest(ctx: RuleContext) -> list[object]:
    wheels = [record.layout for record in union(i.wheels for i in ctx.provided("deps", PyWheelsInfo)).to_tuple()]
    output = ctx.declare_file(join(f"{ctx.label.name}.made", FILE))
    [mapping] = ctx.provided("modules_mapping", ModulesMapping) or (ModulesMapping(),)
    stubs: dict[str, str] = {}
    if mapping.stubs or ctx.boolean("include_stub_packages"):
        # The plugin finds them by their own names, and by no module.
        stubs = {package: wheel.project for wheel in wheels if is_stubs(package := package_name(wheel.project))}
    others = (wheel for wheel in wheels if package_name(wheel.project) not in stubs)
    modules = {**module_index(others, excluded=mapping.excluded), **stubs}
    ctx.write(output, manifest_text(modules, hub=ctx.string("hub"), update=_update(ctx, ctx.label.name)).encode())
    files = Depset([output])
    return [DefaultInfo(files, Runfiles(files=files), Runfiles(files=files))]


def _update(ctx: RuleContext, name: str) -> str:
    return f"//{ctx.label.package.path}:{name}.update"


def _script(ctx: RuleContext, template: str) -> list[object]:
    made = ctx.file("manifest")
    executable = ctx.declare_file(ctx.label.name)
    target = ctx.string("written")
    command = f"venvship run {_update(ctx, ctx.labels('manifest')[0].name)}"
    text = template.format(
        target=shlex.quote(target),
        made=shlex.quote(made.runfiles_path.partition("/")[2]),
        stale=shlex.quote(f"`{target}` is not up to date: `{command}` makes it anew"),
    )
    ctx.write(executable, text.encode(), executable=True)
    runfiles = Runfiles.merged([], files=[executable, made, *ctx.files("existing")])
    return [DefaultInfo(Depset([executable]), runfiles, runfiles, executable), arguments_info(ctx)]


def _test(ctx: RuleContext) -> list[object]:
    return [*_script(ctx, _TEST), test_info(ctx)]


_SCRIPT_ATTRIBUTES: Final = (
    attributes.label("manifest", files=True, mandatory=True),
    # A path in the workspace, which may be in another package.
    attributes.string("written", mandatory=True),
    attributes.labels("existing", files=True),
)
GAZELLE_RULES: Final = (
    RuleClass(
        "wheels_of_group",
        (attributes.labels("deps", providers=(PyWheelsInfo,)), attributes.string("dep_group")),
        _wheels_of_group,
        transition=python_transition,
    ),
    RuleClass(
        "gazelle_manifest",
        (
            attributes.labels("deps", providers=(PyWheelsInfo,)),
            attributes.string("hub", mandatory=True),
            attributes.boolean("include_stub_packages"),
            attributes.label("modules_mapping", files=True),
        ),
        _gazelle_manifest,
    ),
    RuleClass(
        "modules_mapping",
        (
            attributes.labels("wheels", files=True),
            attributes.strings("exclude_patterns"),
            attributes.boolean("include_stub_packages"),
        ),
        _modules_mapping,
    ),
    RuleClass(
        "gazelle_manifest_update",
        _SCRIPT_ATTRIBUTES,
        lambda ctx: _script(ctx, _UPDATE),
        is_executable=True,
    ),
    RuleClass("gazelle_manifest_test", _SCRIPT_ATTRIBUTES, _test, is_executable=True, is_test=True),
)
