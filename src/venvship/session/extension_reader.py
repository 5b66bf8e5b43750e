"""Reads what the modules ask of the extensions that are built in."""

from __future__ import annotations

from collections.abc import Callable

from venvship.errors import SeveralErrors, UserError, VenvshipError
from venvship.model.label import MAIN_REPOSITORY, Label
from venvship.modules.module_file import Tag
from venvship.modules.module_graph import ModuleExtensionUsage, ModuleGraph
from venvship.session.declared_hubs import DeclaredHubs
from venvship.session.extension_tags import (
    CONFIG,
    FOR_TOOLS,
    INTERPRETERS,
    INTERPRETERS_UNSTABLE,
    PIP,
    PYTHON,
    TAGS,
    UV,
    UV_UNSTABLE,
    tag_problem,
)
from venvship.session.extensions import Extensions
from venvship.session.pip_tags import PipTags
from venvship.session.python_tags import PythonTags
from venvship.session.tag_attributes import TagAttributes
from venvship.session.uv_tags import read_uv_tag


class UnknownExtension(UserError):
    """A module uses an extension that there is not."""


def read_extensions(
    graph: ModuleGraph,
    *,
    read_file: Callable[[Label], str | None] = lambda label: None,
    variable: Callable[[str], str | None] = lambda name: None,
) -> Extensions:
    """Check and read all extension usages; raises SeveralErrors with everything that is wrong.

    `read_file` answers with the text of a file of the workspace, `variable` with that of the environment; None where
    there is none.
    """
    reader = _Reader(graph, PythonTags(read_file, variable))
    for usage in graph.extension_usages:
        reader.read(usage)
    return reader.finish()


class _Reader:
    def __init__(self, graph: ModuleGraph, python: PythonTags) -> None:
        self._graph = graph
        self._problems: list[VenvshipError] = []
        self._hubs = DeclaredHubs()
        self._pip = PipTags(self._hubs)
        self._python = python
        self._imported: set[str] = set()
        self._tools: set[str] = set()

    def read(self, module_usage: ModuleExtensionUsage) -> None:
        usage = module_usage.usage
        self._imported.update(usage.imports.values())
        # An isolated usage makes what another one makes: hubs are known by the names that their tags give them.
        extension = "%".join(module_usage.extension.split("%")[:2])
        if extension in FOR_TOOLS:
            self._tools.update(usage.imports.values())
        if extension not in TAGS:
            module = f"{extension.partition('//')[0]}//"
            known = sorted(one.removeprefix(module) for one in TAGS if one.startswith(module))
            self._problems.append(
                UnknownExtension(
                    f"module `{module.strip('@/')}` has no extension `{extension.removeprefix(module)}`",
                    place=usage.place,
                    hint=f"it may be one of {', '.join(known)}" if known else None,
                )
            )
            return
        for tag in usage.tags:
            wrong = tag_problem(extension, tag)
            if wrong is not None:
                self._problems.append(wrong)
                continue
            attributes = TagAttributes(tag, self._graph, module_usage.module, self._problems)
            if extension in (UV, UV_UNSTABLE):
                read_uv_tag(tag, attributes, self._hubs)
            elif extension in (INTERPRETERS, INTERPRETERS_UNSTABLE, PYTHON):
                is_root = module_usage.module == MAIN_REPOSITORY
                self._python.read(tag, attributes, extension=extension, is_root=is_root)
            elif extension == PIP:
                self._pip.read(tag, attributes)
            elif extension == CONFIG and module_usage.module == MAIN_REPOSITORY:
                _check_package_files(tag, attributes)

    def finish(self) -> Extensions:
        self._pip.modify(self._problems)
        hubs = self._hubs.filled(self._problems)
        if self._problems:
            raise SeveralErrors(self._problems)
        return Extensions(
            hubs=hubs,
            overrides=tuple(self._hubs.overrides),
            annotations=tuple(self._hubs.annotations),
            python_versions=tuple(self._python.versions),
            exact_versions=self._python.exact,
            default_python=self._python.default,
            archives=tuple(self._python.archives),
            archive_bases=self._python.archive_bases,
            archive_build=self._python.archive_build,
            archive_releases=self._python.releases,
            repositories=frozenset(self._imported),
            tools=frozenset(self._tools),
            modification_hubs=self._pip.modification_hubs,
            warnings=tuple(dict.fromkeys(self._pip.warnings)),
        )


def _check_package_files(tag: Tag, attributes: TagAttributes) -> None:
    if tag.name == "explicit_init_py" and tag.arguments.get("default") in (False, "no", "false", "disabled"):
        attributes.refuse(
            "`explicit_init_py` can't ask for empty `__init__.py` files",
            hint="write into .bazelrc: "
            "common --@rules_python//python/config_settings:incompatible_default_to_explicit_init_py=false",
        )
