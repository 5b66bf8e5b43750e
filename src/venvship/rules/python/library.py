"""`py_library`: sources and import roots, passed upward; makes no files."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.instrumented_files import instrumented_files
from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset, union
from venvship.model.label import Label
from venvship.model.paths import join, normalise
from venvship.model.provider import DefaultInfo, InstrumentedFilesInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.bytecode import (
    INVALIDATION_MODE,
    OPTIMIZE_LEVEL,
    compiled_beside,
    is_precompiled,
    omits_sources,
)
from venvship.rules.python.dialect import DIALECT_ATTRIBUTE, RULES_PYTHON, dialect_of
from venvship.rules.python.members import Members
from venvship.rules.python.providers import (
    InterpreterInfo,
    PyInfo,
    PyWheelsInfo,
    VirtualResolution,
    WheelOrigin,
    WheelsOfAspects,
)
from venvship.rules.python.runtime import PyCompilerInfo
from venvship.rules.python.transitions import callers_configuration

DISTRIBUTION_RULE = "locked_distribution"
_OF_DISTRIBUTIONS = frozenset({f"{DISTRIBUTION_RULE} rule", "py_unpacked_wheel rule"})

LIBRARY_ATTRIBUTES = (
    attributes.labels("srcs", files=(".py", ".py3", ".pyi", ".pyc", ".so")),
    attributes.labels("deps", providers=(PyInfo,)),
    attributes.labels("data", files=True, transition=callers_configuration),
    attributes.strings("imports"),
    attributes.strings("virtual_deps"),
    AttributeSpec(
        "resolutions", AttributeType.STRING_KEYED_LABEL_DICT, providers=(frozenset({PyInfo}),), allow_files=False
    ),
    attributes.labels("pyi_srcs", files=True),
    attributes.labels("pyi_deps", providers=(PyInfo,)),
    attributes.string("precompile", "inherit", values=("inherit", "enabled", "disabled")),
    OPTIMIZE_LEVEL,
    attributes.string("precompile_source_retention", "inherit", values=("inherit", "keep_source", "omit_source")),
    INVALIDATION_MODE,
    # The interpreter that compiles sources; targets that have nothing compiled do without one.
    attributes.label("precompiling_runtime", providers=(InterpreterInfo, PyCompilerInfo)),
    attributes.string("srcs_version"),
    attributes.strings("distribs"),
    DIALECT_ATTRIBUTE,
)
DEBUGGER = attributes.label("debugger", providers=(PyInfo,))
"""What a program can import beside its deps, as a setting says."""
_PYTHON_2 = ("PY2", "PY2ONLY")


def _no_python(ctx: RuleContext) -> list[object]:
    return [DefaultInfo(), PyInfo(), PyWheelsInfo()]


NO_PYTHON = RuleClass("no_python", (), _no_python)
"""A dependency that brings nothing, where a setting must name one."""


@dataclass(frozen=True, slots=True, eq=False)
class Closure:
    """What a target and everything in its `deps` bring: code, wheels, and files for run time."""

    code: PyInfo
    wheels: PyWheelsInfo
    runfiles: Runfiles
    own_sources: tuple[Artifact, ...] = ()
    """The target's own sources, without those that only their bytecode stands for."""

    def with_targets(self, targets: Iterable[ConfiguredTarget]) -> Closure:
        """This closure and those of further targets."""
        more = list(targets)
        if not more:
            return self
        infos = [self.code, *(info for target in more if (info := target.get(PyInfo)) is not None)]
        wheels = [self.wheels, *(needed for target in more if (needed := target.get(PyWheelsInfo)) is not None)]
        merged = PyWheelsInfo.merged(wheels)
        return Closure(
            replace(
                self.code,
                wheel_trees=merged.installs,
                transitive_sources=union(info.transitive_sources for info in infos),
                imports=union(info.imports for info in infos),
                virtual_dependencies=union(info.virtual_dependencies for info in infos),
                virtual_resolutions=union(info.virtual_resolutions for info in infos),
                distributions=union(info.distributions for info in infos),
                venv_symlinks=union(info.venv_symlinks for info in infos),
                made_symlinks=union(info.made_symlinks for info in infos),
                transitive_original_sources=union(info.transitive_original_sources for info in infos),
                transitive_pyi_files=union(info.transitive_pyi_files for info in infos),
                transitive_pyc_files=union(info.transitive_pyc_files for info in infos),
            ),
            merged,
            Runfiles.merged([self.runfiles, *(target.default_info.default_runfiles for target in more)]),
            self.own_sources,
        )


def library_rule(members: Members) -> RuleClass:
    """The rule class; `members` tells which packages are distributions."""

    def implementation(ctx: RuleContext) -> list[object]:
        check_python_3(ctx)
        closure = closure_of(ctx, bytecode_of(ctx))
        member = members.distribution(ctx.label.package)
        if member is not None:
            code = replace(closure.code, distributions=union([closure.code.distributions], direct=[member]))
            closure = replace(closure, code=code)
        runfiles = closure.runfiles
        shipped = (*closure.own_sources, *closure.code.direct_pyc_files.to_tuple())
        if dialect_of(ctx) is RULES_PYTHON:
            runfiles = Runfiles.merged([runfiles], files=shipped)
        return [
            DefaultInfo(
                files=Depset(shipped), default_runfiles=runfiles, data_runfiles=runfiles, apart=closure.wheels.installs
            ),
            closure.code,
            closure.wheels,
            measured_files(ctx),
        ]

    return RuleClass("py_library", LIBRARY_ATTRIBUTES, implementation, is_extendable=True)


def bytecode_of(ctx: RuleContext) -> Mapping[Artifact, Artifact]:
    """The bytecode that this target has its own sources compiled to, if it does, by source."""
    if not is_precompiled(ctx):
        return {}
    runtime = ctx.target_or_none("precompiling_runtime")
    if runtime is None and ctx.string("precompile") != "enabled":
        # The flag is for targets of the rule set that it belongs to.
        return {}
    if runtime is None:
        raise ctx.error(
            "`precompile` is an attribute of rules_python",
            hint=f"load {ctx.target.rule_class.name} from @rules_python//python:defs.bzl, or remove `precompile`",
        )
    return compiled_beside(ctx, ctx.files("srcs"), runtime, without_sources=omits_sources(ctx))


def closure_of(
    ctx: RuleContext, bytecode: Mapping[Artifact, Artifact] | None = None, *, program: Label | None = None
) -> Closure:
    """Everything that the attributes of this target name, virtual dependencies left open.

    `bytecode` is what the sources of this target are compiled to; `program` is for whom this target is made.
    """
    compiled = bytecode or {}
    infos = ctx.provided("deps", PyInfo)
    types = [*infos, *ctx.provided("pyi_deps", PyInfo)]
    files = ctx.files("srcs")
    own = Depset(files)
    sources = tuple(source for source in files if source not in compiled) if omits_sources(ctx) else files
    pyc = Depset(tuple(compiled.values()))
    stubs = Depset(ctx.files("pyi_srcs"))
    named = zip(_resolved_names(ctx), ctx.targets("resolutions"), strict=True)
    wheels = wheels_of(ctx.targets("deps"), program or ctx.label)
    code = PyInfo(
        transitive_sources=union((info.transitive_sources for info in infos), direct=sources),
        imports=union((info.imports for info in infos), direct=own_imports(ctx)),
        virtual_dependencies=union(
            (info.virtual_dependencies for info in infos), direct=map(normalised_virtual, ctx.strings("virtual_deps"))
        ),
        virtual_resolutions=union(
            (info.virtual_resolutions for info in infos),
            direct=[VirtualResolution(name, target) for name, target in named],
        ),
        distributions=union(info.distributions for info in infos),
        venv_symlinks=union(info.venv_symlinks for info in infos),
        made_symlinks=union(info.made_symlinks for info in infos),
        direct_original_sources=own,
        transitive_original_sources=union(
            [own, *(info.transitive_original_sources for info in infos if info.transitive_original_sources)]
        ),
        direct_pyi_files=stubs,
        transitive_pyi_files=union([stubs, *(info.transitive_pyi_files for info in types)]),
        direct_pyc_files=pyc,
        transitive_pyc_files=union([pyc, *(info.transitive_pyc_files for info in infos)]),
        wheel_trees=wheels.installs,
    )
    return Closure(code, wheels, _runfiles_of(ctx), sources)


def normalised_virtual(name: str) -> str:
    return name.lower().replace("_", "-").replace(".", "-")


def _resolved_names(ctx: RuleContext) -> list[str]:
    return [normalised_virtual(name) for name in ctx.labels_by_name("resolutions")]


def wheels_of(targets: Iterable[ConfiguredTarget], asker: Label) -> PyWheelsInfo:
    """The installed wheels that dependencies need, and through whom."""
    below: list[PyWheelsInfo] = []
    asked: list[WheelOrigin] = []
    for target in targets:
        met = target.get(WheelsOfAspects)
        if met is not None:
            below.append(met.wheels)
        info = target.get(PyWheelsInfo)
        if info is None:
            continue
        below.append(info)
        if target.kind in _OF_DISTRIBUTIONS:
            asked.append(WheelOrigin(asker, target.label, info.wheels))
    return PyWheelsInfo.merged(below, asked=asked)


def own_imports(ctx: RuleContext) -> tuple[str, ...]:
    """The runfiles paths of the import roots that this target names; its repository's root comes first."""
    package = ctx.label.package
    roots = {package.runfiles_directory: None}
    for raw in ctx.strings("imports"):
        text = ctx.expand(raw)
        if text.startswith("/"):
            if dialect_of(ctx).skips_absolute_imports:
                continue
            raise ctx.error(
                f"`imports` entry `{raw}` is an absolute path",
                hint="import roots are directories of the repository, relative to the package",
            )
        try:
            inside = normalise(join(package.path, text))
        except ValueError as error:
            raise ctx.error(
                f"`imports` entry `{raw}` leads out of the repository: {error}",
                hint="import roots are directories of the repository, relative to the package",
            ) from error
        roots[join(package.runfiles_directory, inside)] = None
    # Modules of all repositories are named from their roots, those of sources that lie elsewhere too.
    roots.update((source.root.runfiles_directory, None) for source in ctx.files("srcs"))
    return tuple(roots)


def _runfiles_of(ctx: RuleContext) -> Runfiles:
    """What `data` and `deps` bring along at run time, without the sources of this target."""
    data = ctx.targets("data")
    parts = [target.default_info.default_runfiles for target in ctx.targets("deps")]
    brings_outputs = dialect_of(ctx).data_brings_outputs
    if dialect_of(ctx).sources_bring_runfiles:
        parts += [target.default_info.default_runfiles for target in ctx.targets("srcs") if not target.is_file]
    for target in data:
        info = target.default_info
        parts.append(info.default_runfiles if brings_outputs else info.data_runfiles)
    files = [target.default_info.files for target in data if brings_outputs or target.is_file]
    # A Python library as data brings its sources, which its own runfiles leave to its dependants.
    files += [info.transitive_sources for info in ctx.provided("data", PyInfo)]
    return Runfiles.merged([*parts, Runfiles(files=union(files))]) if files else Runfiles.merged(parts)


def measured_files(ctx: RuleContext) -> InstrumentedFilesInfo:
    """The sources of this target and of those that it needs."""
    return instrumented_files(
        ctx, source_attributes=("srcs",), dependency_attributes=("deps", "data"), extensions=("py",)
    )


def check_python_3(ctx: RuleContext) -> None:
    if ctx.string("srcs_version") in _PYTHON_2:
        raise ctx.error("`srcs_version` asks for Python 2, which is not supported", hint="remove `srcs_version`")
