"""`py_library`: sources and import roots, passed upward; makes no files."""

from __future__ import annotations

from collections.abc import Iterable

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset, union
from venvship.model.paths import join, normalise
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.providers import PyInfo, PyWheelsInfo, WheelOrigin

DISTRIBUTION_KIND = "locked_distribution rule"

LIBRARY_ATTRIBUTES = (
    attributes.labels("srcs", files=(".py", ".pyi", ".pyc", ".so")),
    attributes.labels("deps", providers=(PyInfo,)),
    attributes.labels("data", files=True),
    attributes.strings("imports"),
    attributes.string("dialect", "aspect", values=("aspect", "rules_python")),
)


def _py_library(ctx: RuleContext) -> list[object]:
    return [
        DefaultInfo(
            files=Depset(ctx.files("srcs")),
            default_runfiles=data_runfiles(ctx),
            data_runfiles=data_runfiles(ctx),
        ),
        PyInfo(sources_of(ctx), imports_of(ctx)),
        wheels_of(ctx),
    ]


def sources_of(ctx: RuleContext) -> Depset[Artifact]:
    """The sources of this target and of everything in `deps`."""
    return union((info.transitive_sources for info in ctx.provided("deps", PyInfo)), direct=ctx.files("srcs"))


def wheels_of(ctx: RuleContext) -> PyWheelsInfo:
    """The installed wheels that `deps` need, and through whom."""
    below: list[PyWheelsInfo] = []
    asked: list[WheelOrigin] = []
    for target in ctx.targets("deps"):
        info = target.get(PyWheelsInfo)
        if info is None:
            continue
        below.append(info)
        if target.kind == DISTRIBUTION_KIND:
            asked.append(WheelOrigin(ctx.label, target.label, info.wheels))
    return PyWheelsInfo(union(info.wheels for info in below), union((info.origins for info in below), direct=asked))


def imports_of(ctx: RuleContext) -> Depset[str]:
    """The import roots of this target, the root of its repository included, and those of `deps`."""
    below = [info.imports for info in ctx.provided("deps", PyInfo)]
    return union(below, direct=own_imports(ctx))


def own_imports(ctx: RuleContext) -> tuple[str, ...]:
    """The runfiles paths of the import roots that this target names; its repository's root comes first."""
    package = ctx.label.package
    roots = {package.runfiles_directory: None}
    for text in ctx.strings("imports"):
        try:
            inside = normalise(join(package.path, ctx.expand(text)))
        except ValueError as error:
            raise ctx.error(
                f"`imports` entry `{text}` leads out of the repository: {error}",
                hint="import roots are directories of the repository, relative to the package",
            ) from error
        roots[join(package.runfiles_directory, inside)] = None
    return tuple(roots)


def data_runfiles(ctx: RuleContext, *, files: Iterable[Artifact] = ()) -> Runfiles:
    """What `data` and `deps` bring along at run time, without the sources of this target."""
    parts = [target.default_info.default_runfiles for target in (*ctx.targets("deps"), *ctx.targets("data"))]
    sources: list[Artifact] = list(files)
    data_files = Depset[Artifact](sources, [target.default_info.files for target in ctx.targets("data")])
    # A Python library as data brings its sources, which its own runfiles leave to its dependants.
    libraries = [info.transitive_sources for info in ctx.provided("data", PyInfo)]
    return Runfiles.merged([*parts, Runfiles(files=union([data_files, *libraries]))])


PY_LIBRARY = RuleClass("py_library", LIBRARY_ATTRIBUTES, _py_library)
