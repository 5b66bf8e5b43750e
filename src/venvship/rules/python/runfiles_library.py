"""`runfiles_library`: the library with which programs find their data, and the names of repositories that it needs."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from venvship.analysis.rule_context import RuleContext
from venvship.loading.rule_class import RuleClass
from venvship.model.depset import Depset
from venvship.model.label import MAIN_RUNFILES_DIRECTORY
from venvship.model.paths import TreePath
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles, RunfilesLink
from venvship.rules import attributes
from venvship.rules.python.dialect import DIALECT_ATTRIBUTE
from venvship.rules.python.library import own_imports
from venvship.rules.python.providers import PyInfo

_REPOSITORIES = TreePath("_repo_mapping")


def runfiles_library_rule(repositories: Callable[[], Mapping[str, str]]) -> RuleClass:
    """The rule class; `repositories` are the names that the main repository has for others, with canonical ones."""

    def implementation(ctx: RuleContext) -> list[object]:
        names = ctx.declare_file(f"{ctx.label.name}.repo_mapping")
        lines = [
            f",{apparent},{canonical or MAIN_RUNFILES_DIRECTORY}\n"
            for apparent, canonical in sorted(repositories().items())
            if apparent
        ]
        ctx.write(names, "".join(lines).encode())
        sources = Depset(ctx.files("srcs"))
        runfiles = Runfiles(files=sources, root_symlinks=Depset([RunfilesLink(_REPOSITORIES, names)]))
        code = PyInfo(
            transitive_sources=sources,
            imports=Depset(own_imports(ctx)),
            direct_original_sources=sources,
            transitive_original_sources=sources,
        )
        return [DefaultInfo(sources, runfiles, runfiles), code]

    return RuleClass(
        "runfiles_library",
        (attributes.labels("srcs", files=(".py",)), attributes.strings("imports"), DIALECT_ATTRIBUTE),
        implementation,
    )
