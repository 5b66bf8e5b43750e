"""What MODULE.bazel asks of the module extensions that are built in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.platform import PythonVersion
from venvship.modules.module_file import Tag
from venvship.modules.module_graph import ModuleExtensionUsage, ModuleGraph

_UV = "@@aspect_rules_py//uv:extensions.bzl%uv"
_INTERPRETERS = "@@aspect_rules_py//py:extensions.bzl%python_interpreters"
_PYTHON = "@@rules_python//python/extensions:python.bzl%python"

_TAGS: Mapping[str, Mapping[str, frozenset[str]]] = {
    _UV: {
        "declare_hub": frozenset({"hub_name"}),
        "project": frozenset({"hub_name", "lock", "pyproject", "name", "version", "default_build_dependencies"}),
    },
    _INTERPRETERS: {
        "toolchain": frozenset({"python_version", "is_default"}),
        "configure": frozenset({"releases", "base_url", "build_config"}),
    },
    _PYTHON: {
        "toolchain": frozenset({"python_version", "is_default"}),
        "defaults": frozenset({"python_version"}),
    },
}


class UnknownExtension(UserError):
    """A module uses an extension that is not built in."""


class MistakenTag(UserError):
    """A tag of an extension is unknown, or has wrong attributes."""


@dataclass(frozen=True, slots=True)
class LockProject:
    """A `uv.project` tag: a lock file that fills a hub."""

    hub: str
    lock: Label
    place: Place


@dataclass(frozen=True, slots=True)
class Extensions:
    """Everything that is asked of extensions: hubs by name with their locks, and Python versions in order."""

    hubs: Mapping[str, LockProject] = field(default_factory=dict)
    python_versions: tuple[PythonVersion, ...] = ()
    default_python: PythonVersion | None = None
    repositories: frozenset[str] = frozenset()


def read_extensions(graph: ModuleGraph) -> Extensions:
    """Check and read all extension usages; raises SeveralErrors with everything that is wrong."""
    problems: list[VenvshipError] = []
    declared: dict[str, Place] = {}
    projects: list[LockProject] = []
    versions: dict[PythonVersion, None] = {}
    default: PythonVersion | None = None
    imported: set[str] = set()
    for module_usage in graph.extension_usages:
        usage = module_usage.usage
        imported.update(usage.imports.values())
        extension = _known(module_usage)
        if extension is None:
            problems.append(_unknown(module_usage))
            continue
        for tag in usage.tags:
            wrong = _tag_problem(extension, tag)
            if wrong is not None:
                problems.append(wrong)
                continue
            match tag.name:
                case "declare_hub":
                    declared[_text(tag, "hub_name", problems)] = tag.place
                case "project":
                    projects.append(_project(graph, module_usage, tag, problems))
                case "toolchain":
                    version = _version(tag, problems)
                    if version is not None:
                        versions[version] = None
                        if tag.arguments.get("is_default") is True:
                            default = version
                case "defaults":
                    default = _version(tag, problems)
    hubs: dict[str, LockProject] = {}
    for project in projects:
        if project.hub not in declared:
            hint = f'add `uv.declare_hub(hub_name = "{project.hub}")`'
            problems.append(MistakenTag(f"hub `{project.hub}` is not declared", place=project.place, hint=hint))
        elif project.hub in hubs:
            problems.append(
                MistakenTag(
                    f"hub `{project.hub}` has a lock file already, `{hubs[project.hub].lock}`: several locks for one "
                    "hub are not supported yet",
                    place=project.place,
                )
            )
        else:
            hubs[project.hub] = project
    for name, place in declared.items():
        if name not in {project.hub for project in projects}:
            problems.append(MistakenTag(f"hub `{name}` has no lock file", place=place, hint="add a `uv.project` tag"))
    if problems:
        raise SeveralErrors(problems)
    return Extensions(hubs, tuple(versions), default, frozenset(imported))


def _known(usage: ModuleExtensionUsage) -> str | None:
    return usage.extension if usage.extension in _TAGS else None


def _unknown(usage: ModuleExtensionUsage) -> VenvshipError:
    return UnknownExtension(
        f"module extension `{usage.extension}` is not built in, and extensions in .bzl files are not supported yet",
        place=usage.usage.place,
        hint=f"built in are {', '.join(sorted(_TAGS))}",
    )


def _tag_problem(extension: str, tag: Tag) -> VenvshipError | None:
    allowed = _TAGS[extension].get(tag.name)
    if allowed is None:
        known = ", ".join(sorted(_TAGS[extension]))
        return MistakenTag(f"extension `{extension}` has no tag `{tag.name}`", place=tag.place, hint=f"tags: {known}")
    unknown = sorted(set(tag.arguments) - allowed)
    if unknown:
        return MistakenTag(
            f"tag `{tag.name}` does not support {', '.join(f'`{name}`' for name in unknown)}",
            place=tag.place,
            hint=f"supported are {', '.join(sorted(allowed))}",
        )
    return None


def _text(tag: Tag, name: str, problems: list[VenvshipError]) -> str:
    value = tag.arguments.get(name)
    if isinstance(value, str) and value:
        return value
    problems.append(MistakenTag(f"tag `{tag.name}` needs a text for `{name}`", place=tag.place))
    return ""


def _version(tag: Tag, problems: list[VenvshipError]) -> PythonVersion | None:
    text = _text(tag, "python_version", problems)
    try:
        return PythonVersion.parse(text) if text else None
    except ValueError as error:
        problems.append(MistakenTag(str(error), place=tag.place, hint='write a version like "3.12"'))
        return None


def _project(graph: ModuleGraph, usage: ModuleExtensionUsage, tag: Tag, problems: list[VenvshipError]) -> LockProject:
    hub = _text(tag, "hub_name", problems)
    lock = _text(tag, "lock", problems)
    label = Label(PackageId(MAIN_REPOSITORY, ""), "uv.lock")
    if lock:
        try:
            home = PackageId(usage.module, "")
            label = Label.parse(lock, relative_to=home, repository_mapping=graph.mapping_of(usage.module))
        except VenvshipError as error:
            error.place = tag.place
            problems.append(error)
    return LockProject(hub, label, tag.place)
