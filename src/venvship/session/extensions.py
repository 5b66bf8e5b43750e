"""What MODULE.bazel asks of the module extensions that are built in."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from typing import Final, TypeVar

from venvship.dataclass import dataclass
from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.platform import PythonVersion
from venvship.modules.module_file import Tag
from venvship.modules.module_graph import ModuleExtensionUsage, ModuleGraph
from venvship.wheels.filename import WheelFilename, normalise_name

T = TypeVar("T")

_UV: Final = "@@aspect_rules_py//uv:extensions.bzl%uv"
_UV_UNSTABLE: Final = "@@aspect_rules_py//uv/unstable:extension.bzl%uv"
_UV_BINARY: Final = "@@aspect_rules_py//uv:extensions.bzl%uv_bin"
_INTERPRETERS: Final = "@@aspect_rules_py//py:extensions.bzl%python_interpreters"
_INTERPRETERS_UNSTABLE: Final = "@@aspect_rules_py//py/unstable:extension.bzl%python_interpreters"
_TOOLS: Final = "@@aspect_rules_py//py:extensions.bzl%py_tools"
_PYTHON: Final = "@@rules_python//python/extensions:python.bzl%python"
_PIP: Final = "@@rules_python//python/extensions:pip.bzl%pip"
_CONFIG: Final = "@@rules_python//python/extensions:config.bzl%config"
_RULES_PYTHON_UV: Final = "@@rules_python//python/uv:uv.bzl%uv"

_FOR_TOOLS: Final = frozenset({_UV_BINARY, _TOOLS, _RULES_PYTHON_UV})
"""Extensions that fetch programs for other rule sets, which nothing here needs."""

_UV_TAGS: Final = {
    "declare_hub": frozenset({"hub_name"}),
    "project": frozenset({"hub_name", "lock", "pyproject", "name", "version", "default_build_dependencies"}),
    "annotate_packages": frozenset({"lock", "src"}),
    "override_package": frozenset(
        {
            *(
                "name",
                "lock",
                "version",
                "target",
                "console_scripts",
                "exclude_glob",
                "extra_deps",
                "extra_data",
                "env",
            ),
            *("pre_build_patches", "pre_build_patch_strip", "post_install_patches", "post_install_patch_strip"),
            # What schedulers of clusters ask for; builds from source run on this machine.
            *("toolchains", "monitor_memory", "resource_set"),
        }
    ),
}
# How rules_python's own downloader works. Ours reads the settings of pip and uv, and the options have no effect.
_DOWNLOADER: Final = frozenset(
    {
        *("add_libdir_to_library_search_path", "auth_patterns", "download_only", "enable_implicit_namespace_pkgs"),
        *("environment", "envsubst", "experimental_extra_index_urls", "experimental_index_url"),
        *("experimental_index_url_overrides", "experimental_requirement_cycles", "experimental_target_platforms"),
        *("extra_pip_args", "isolated", "netrc", "parallel_download", "pip_data_exclude", "python_interpreter"),
        *("python_interpreter_target", "quiet", "simpleapi_skip", "target_platforms", "timeout"),
        *("use_hub_alias_dependencies", "pyproject_toml"),
    }
)
_LOCKS_OF_SYSTEMS: Final = {
    "requirements_linux": "linux_*",
    "requirements_darwin": "macos_*",
    "requirements_windows": "windows_*",
}
_MODIFIED_PACKAGES: Final = frozenset(
    {"additive_build_content", "additive_build_content_file", "copy_files", "copy_executables"}
)
_PLATFORM_PATTERN: Final = re.compile(r"(?:linux|osx|macos|windows)_(?:\*|[a-z0-9_]+)", re.ASCII)
_INTERPRETER_TAGS: Final = {
    "toolchain": frozenset(
        {
            *("python_version", "is_default", "pre_release"),
            *("config_settings", "target_compatible_with", "exec_compatible_with"),
        }
    ),
    "configure": frozenset({"releases", "base_url", "build_config"}),
}
_TAGS: Final[Mapping[str, Mapping[str, frozenset[str]]]] = {
    _UV: _UV_TAGS,
    # Releases before 1.9 call a project and its lock a venv.
    _UV_UNSTABLE: {
        **_UV_TAGS,
        "declare_venv": frozenset({"hub_name", "venv_name"}),
        "lockfile": frozenset({"hub_name", "venv_name", "src"}),
    },
    _UV_BINARY: {"toolchain": frozenset({"name", "version", "urls", "sha256s", "strip_prefix"})},
    _TOOLS: {"rules_py_tools": frozenset({"name"})},
    _INTERPRETERS: _INTERPRETER_TAGS,
    _INTERPRETERS_UNSTABLE: _INTERPRETER_TAGS,
    _PYTHON: {
        "toolchain": frozenset(
            {"python_version", "is_default", "configure_coverage_tool", "ignore_root_user_error"},
        ),
        "defaults": frozenset({"python_version", "python_version_env", "python_version_file"}),
        "override": frozenset(
            {"base_urls", "available_python_versions", "minor_mapping", "register_all_versions"}
            | {"ignore_root_user_error"}
        ),
        "single_version_override": frozenset({"python_version", "sha256", "urls", "strip_prefix"}),
        "single_version_platform_override": frozenset(
            {"python_version", "platform", "sha256", "urls", "strip_prefix"},
        ),
    },
    _PIP: {
        "parse": frozenset({"hub_name", "python_version", "requirements_lock", "uv_lock", "extra_hub_aliases"})
        | frozenset({"requirements_by_platform", "whl_modifications", *_LOCKS_OF_SYSTEMS})
        | _DOWNLOADER,
        "whl_mods": frozenset({"hub_name", "whl_name", "data", "srcs_exclude_glob", "data_exclude_glob"})
        | _MODIFIED_PACKAGES,
        "override": frozenset({"file", "patches", "patch_strip"}),
        "default": frozenset(
            {
                *("auth_patterns", "default_hub", "env", "index_url", "netrc", "platform", "os_name", "arch_name"),
                *("config_settings", "marker", "whl_abi_tags", "whl_platform_tags", "pyproject_toml"),
            }
        ),
    },
    _CONFIG: {
        "add_transition_setting": frozenset({"setting"}),
        "explicit_init_py": frozenset({"default"}),
    },
    _RULES_PYTHON_UV: {
        "default": frozenset(
            {"base_url", "compatible_with", "manifest_filename", "platform", "target_settings", "version", "auth"}
        ),
        "configure": frozenset(
            {"base_url", "compatible_with", "manifest_filename", "platform", "target_settings", "version", "auth"}
            | {"sha256", "urls"}
        ),
    },
}
_DEFAULT_BUILD_DEPENDENCIES: Final = ("build",)


class UnknownExtension(UserError):
    """A module uses an extension that there is not."""


class MistakenTag(UserError):
    """A tag of an extension is unknown, or has wrong attributes."""


@dataclass(frozen=True, slots=True)
class LockProject:
    """A lock file that fills a hub, alone or with others.

    `name` is what `dep_group` calls the project itself; `python_version` is the only one that the lock is for, when
    it is for one. `platforms` are patterns such as `linux_*` of those that it is for; a lock without any is for all
    others.
    """

    hub: str
    lock: Label
    place: Place
    name: str = ""
    pyproject: Label | None = None
    python_version: PythonVersion | None = None
    build_dependencies: tuple[str, ...] = _DEFAULT_BUILD_DEPENDENCIES
    platforms: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Patches:
    """Unified diffs, and how many components are taken off their paths."""

    files: tuple[Label, ...] = ()
    strip: int = 0


@dataclass(frozen=True, slots=True)
class PackageOverride:
    """What is different about one distribution; without `lock` and `version`, in all locks and versions."""

    name: str
    place: Place
    lock: Label | None = None
    version: str | None = None
    file: str | None = None
    target: Label | None = None
    console_scripts: Mapping[str, str] = field(default_factory=dict)
    pre_build: Patches = Patches()
    post_install: Patches = Patches()
    exclude_globs: tuple[str, ...] = ()
    extra_deps: tuple[Label, ...] = ()
    extra_data: tuple[Label, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Annotations:
    """A file that says what distributions of a lock need in order to be built."""

    lock: Label
    source: Label
    place: Place


@dataclass(frozen=True, slots=True)
class RuntimeArchive:
    """An interpreter archive that the workspace names itself: addresses and hash; `platform` of None is any."""

    version: str
    urls: tuple[str, ...]
    sha256s: Mapping[str, str]
    strip_prefix: str = "python"


@dataclass(frozen=True, slots=True)
class Extensions:
    """Everything that is asked of extensions: hubs by name with their locks, and Python versions in order.

    `repositories` are the names that modules use. Those of `modification_hubs` and `tools` are there and hold nothing.
    """

    hubs: Mapping[str, tuple[LockProject, ...]] = field(default_factory=dict)
    overrides: tuple[PackageOverride, ...] = ()
    annotations: tuple[Annotations, ...] = ()
    python_versions: tuple[PythonVersion, ...] = ()
    exact_versions: tuple[str, ...] = ()
    default_python: PythonVersion | None = None
    archives: tuple[RuntimeArchive, ...] = ()
    archive_base: str = ""
    archive_build: str = ""
    archive_releases: tuple[str, ...] = ()
    repositories: frozenset[str] = frozenset()
    modification_hubs: frozenset[str] = frozenset()
    tools: frozenset[str] = frozenset()


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
    reader = _Reader(graph, read_file, variable)
    for usage in graph.extension_usages:
        reader.read(usage)
    return reader.finish()


class _Reader:
    def __init__(
        self, graph: ModuleGraph, read_file: Callable[[Label], str | None], variable: Callable[[str], str | None]
    ) -> None:
        self._graph = graph
        self._read_file = read_file
        self._variable = variable
        self._problems: list[VenvshipError] = []
        self._declared: dict[str, Place] = {}
        self._projects: list[LockProject] = []
        self._overrides: list[PackageOverride] = []
        self._annotations: list[Annotations] = []
        self._versions: dict[PythonVersion, None] = {}
        self._exact: dict[str, None] = {}
        self._default: PythonVersion | None = None
        self._archives: list[RuntimeArchive] = []
        self._archive_base = ""
        self._archive_build = ""
        self._releases: tuple[str, ...] = ()
        self._imported: set[str] = set()
        self._tools: set[str] = set()
        self._modifications: dict[str, PackageOverride] = {}
        self._modified: list[tuple[str, str, tuple[Label, ...], Place]] = []

    def read(self, module_usage: ModuleExtensionUsage) -> None:
        usage = module_usage.usage
        self._imported.update(usage.imports.values())
        extension = module_usage.extension
        if extension in _FOR_TOOLS:
            self._tools.update(usage.imports.values())
        if extension not in _TAGS:
            self._problems.append(
                UnknownExtension(
                    f"module `{extension.removeprefix('@@').partition('//')[0]}` has no extension "
                    f"`{extension.partition('//')[2]}`",
                    place=usage.place,
                    hint=f"it may be one of {', '.join(sorted(_TAGS))}",
                )
            )
            return
        for tag in usage.tags:
            wrong = _tag_problem(extension, tag)
            if wrong is not None:
                self._problems.append(wrong)
                continue
            reading = _Attributes(tag, self._graph, module_usage.module, self._problems)
            match extension:
                case _ if extension in (_UV, _UV_UNSTABLE):
                    self._uv(tag, reading)
                case _ if extension in (_INTERPRETERS, _INTERPRETERS_UNSTABLE, _PYTHON):
                    self._python(tag, reading, is_root=module_usage.module == MAIN_REPOSITORY)
                case _ if extension == _PIP:
                    self._pip(tag, reading)
                case _:
                    pass

    def _uv(self, tag: Tag, attributes: _Attributes) -> None:
        match tag.name:
            case "declare_hub":
                self._declared[attributes.required("hub_name")] = tag.place
            case "project":
                lock = attributes.label("lock")
                attributes.required("lock")
                if lock is not None:
                    self._projects.append(
                        LockProject(
                            attributes.required("hub_name"),
                            lock,
                            tag.place,
                            attributes.text("name"),
                            attributes.label("pyproject"),
                            build_dependencies=attributes.texts("default_build_dependencies")
                            or _DEFAULT_BUILD_DEPENDENCIES,
                        )
                    )
            case "lockfile":
                lock = attributes.label("src")
                attributes.required("src")
                if lock is not None:
                    name = attributes.required("venv_name")
                    self._projects.append(LockProject(attributes.required("hub_name"), lock, tag.place, name))
            case "annotate_packages":
                lock, source = attributes.label("lock"), attributes.label("src")
                if lock is not None and source is not None:
                    self._annotations.append(Annotations(lock, source, tag.place))
            case "override_package":
                self._overrides.append(_override(tag, attributes))

    def _python(self, tag: Tag, attributes: _Attributes, *, is_root: bool) -> None:
        match tag.name:
            case "toolchain":
                version = self._version(attributes)
                if version is not None:
                    self._versions[version] = None
                    text = attributes.text("python_version")
                    if text.count(".") > 1:
                        self._exact[text] = None
                    if tag.arguments.get("is_default") is True and is_root:
                        self._default = version
            case "defaults" if is_root:
                self._default = self._default_version(attributes)
            case "configure":
                self._archive_base = attributes.text("base_url") or self._archive_base
                self._archive_build = attributes.text("build_config")
                self._releases = tuple(name for name in attributes.texts("releases") if name != "latest")
            case "override":
                self._archive_base = next(iter(attributes.texts("base_urls")), self._archive_base)
            case "single_version_override" | "single_version_platform_override":
                hashes = tag.arguments.get("sha256")
                platform = attributes.text("platform")
                by_platform = (
                    {str(key): str(value) for key, value in hashes.items()}
                    if isinstance(hashes, Mapping)
                    else {platform: str(hashes or "")}
                )
                self._archives.append(
                    RuntimeArchive(
                        attributes.required("python_version"),
                        attributes.texts("urls"),
                        by_platform,
                        attributes.text("strip_prefix") or "python",
                    )
                )

    def _pip(self, tag: Tag, attributes: _Attributes) -> None:
        if tag.name == "parse":
            hub = attributes.required("hub_name")
            self._declared[hub] = tag.place
            version = self._version(attributes) if attributes.text("python_version") else None
            locks = _locks_of_parse(attributes)
            if not locks:
                hint = "name a file that pins everything: `requirements_lock` or `uv_lock`"
                self._problems.append(MistakenTag(f"hub `{hub}` has no lock file", place=tag.place, hint=hint))
                return
            for lock, platforms in locks.items():
                self._projects.append(
                    LockProject(hub, lock, tag.place, python_version=version, platforms=tuple(platforms))
                )
            for key, name in attributes.pairs("whl_modifications").items():
                self._modified.append((key, name, tuple(locks), tag.place))
        elif tag.name == "whl_mods":
            refused = sorted(name for name in _MODIFIED_PACKAGES & set(tag.arguments) if tag.arguments[name])
            if refused:
                attributes.refuse(
                    f"tag `whl_mods` does not support {', '.join(f'`{name}`' for name in refused)}: a distribution's "
                    "package has no BUILD file",
                    hint="put the targets into a package of the workspace, and name them with `data`",
                )
            key = f"{attributes.required('hub_name')}//:{attributes.required('whl_name')}.json"
            globs = (*attributes.texts("srcs_exclude_glob"), *attributes.texts("data_exclude_glob"))
            self._modifications[key] = PackageOverride(
                attributes.required("whl_name"),
                tag.place,
                exclude_globs=tuple(glob.removeprefix("site-packages/") for glob in globs),
                extra_data=attributes.labels("data"),
            )
        elif tag.name == "override":
            file = attributes.required("file")
            try:
                wheel = WheelFilename.parse(file)
            except ValueError as error:
                self._problems.append(MistakenTag(str(error), place=tag.place))
                return
            patches = tag.arguments.get("patches")
            files = tuple(patches) if isinstance(patches, Mapping) else attributes.texts("patches")
            strip = tag.arguments.get("patch_strip")
            self._overrides.append(
                PackageOverride(
                    wheel.distribution,
                    tag.place,
                    version=wheel.version,
                    file=file,
                    post_install=Patches(
                        tuple(label for text in files if (label := attributes.parsed(str(text))) is not None),
                        strip if isinstance(strip, int) else 0,
                    ),
                )
            )

    def _modify(self) -> None:
        """Let the changes of `whl_mods` count for the locks whose tags name them."""
        for key, name, locks, place in self._modified:
            found = self._modifications.get(key.lstrip("@"))
            try:
                project = normalise_name(name)
            except ValueError as error:
                self._problems.append(MistakenTag(str(error), place=place))
                continue
            if found is None:
                known = ", ".join(f"`@{one}`" for one in sorted(self._modifications)) or "none"
                message = f"`whl_modifications` names `{key}`, which no tag `whl_mods` makes"
                self._problems.append(MistakenTag(message, place=place, hint=f"there are {known}"))
                continue
            self._overrides += [dataclasses.replace(found, name=project, lock=lock) for lock in locks]

    def _default_version(self, attributes: _Attributes) -> PythonVersion | None:
        """What a variable says, where it is set, else the first line of a file, else the tag itself."""
        variable, file = attributes.text("python_version_env"), attributes.label("python_version_file")
        text = (self._variable(variable) or "") if variable else ""
        if not text and file is not None:
            content = self._read_file(file)
            if content is None:
                attributes.refuse(f"cannot read `{file}`, which `python_version_file` names")
                return None
            text = content.strip().partition("\n")[0].strip()
        return self._parsed_version(text, attributes) if text else self._version(attributes)

    def _version(self, attributes: _Attributes) -> PythonVersion | None:
        return self._parsed_version(attributes.required("python_version"), attributes)

    def _parsed_version(self, text: str, attributes: _Attributes) -> PythonVersion | None:
        try:
            return PythonVersion.parse(text) if text else None
        except ValueError as error:
            attributes.refuse(str(error), hint='write a version like "3.12"')
            return None

    def finish(self) -> Extensions:
        self._modify()
        hubs: dict[str, list[LockProject]] = {}
        for project in self._projects:
            if project.hub not in self._declared:
                hint = f'add `uv.declare_hub(hub_name = "{project.hub}")`'
                message = f"hub `{project.hub}` is not declared"
                self._problems.append(MistakenTag(message, place=project.place, hint=hint))
            hubs.setdefault(project.hub, []).append(project)
        mentioned = {problem.place for problem in self._problems}
        for name, place in self._declared.items():
            if name not in hubs and place not in mentioned:
                hint = "add a `uv.project` tag"
                self._problems.append(MistakenTag(f"hub `{name}` has no lock file", place=place, hint=hint))
        if self._problems:
            raise SeveralErrors(self._problems)
        return Extensions(
            hubs={name: tuple(projects) for name, projects in hubs.items()},
            overrides=tuple(self._overrides),
            annotations=tuple(self._annotations),
            python_versions=tuple(self._versions),
            exact_versions=tuple(self._exact),
            default_python=self._default,
            archives=tuple(self._archives),
            archive_base=self._archive_base,
            archive_build=self._archive_build,
            archive_releases=self._releases,
            repositories=frozenset(self._imported),
            tools=frozenset(self._tools),
            modification_hubs=frozenset(key.partition("//")[0] for key in self._modifications),
        )


def _locks_of_parse(attributes: _Attributes) -> Mapping[Label, list[str]]:
    """The locks of a tag `parse` with the platforms that each is for; none means those that no other is for."""
    found: dict[Label, list[str]] = {}
    for name, pattern in _LOCKS_OF_SYSTEMS.items():
        lock = attributes.label(name)
        if lock is not None:
            found.setdefault(lock, []).append(pattern)
    for text, platforms in attributes.pairs("requirements_by_platform").items():
        lock = attributes.parsed(text)
        patterns = [pattern.strip() for pattern in platforms.split(",")]
        wrong = [pattern for pattern in patterns if not _PLATFORM_PATTERN.fullmatch(pattern)]
        if wrong:
            attributes.refuse(
                f"`requirements_by_platform` names the platform `{wrong[0]}`",
                hint="write platforms like `linux_*` or `osx_aarch64`",
            )
        elif lock is not None:
            found.setdefault(lock, []).extend(pattern.replace("osx_", "macos_") for pattern in patterns)
    lock = attributes.label("uv_lock") or attributes.label("requirements_lock")
    if lock is not None:
        found[lock] = []
    return found


def _override(tag: Tag, attributes: _Attributes) -> PackageOverride:
    name = attributes.required("name")
    try:
        name = normalise_name(name) if name else name
    except ValueError as error:
        attributes.refuse(str(error))
    target = attributes.label("target")
    others = sorted(set(tag.arguments) - {"name", "lock", "version", "target"})
    if target is not None and others:
        attributes.refuse(
            f"the override of `{name}` names a target, which takes the place of all else: "
            f"{', '.join(f'`{other}`' for other in others)} cannot be given too"
        )
    if target is None and not others:
        attributes.refuse(f"the override of `{name}` changes nothing")
    return PackageOverride(
        name,
        tag.place,
        lock=attributes.label("lock"),
        version=attributes.text("version") or None,
        target=target,
        console_scripts=attributes.pairs("console_scripts"),
        pre_build=Patches(attributes.labels("pre_build_patches"), attributes.number("pre_build_patch_strip")),
        post_install=Patches(attributes.labels("post_install_patches"), attributes.number("post_install_patch_strip")),
        exclude_globs=attributes.texts("exclude_glob"),
        extra_deps=attributes.labels("extra_deps"),
        extra_data=attributes.labels("extra_data"),
        environment=attributes.pairs("env"),
    )


def _tag_problem(extension: str, tag: Tag) -> VenvshipError | None:
    allowed = _TAGS[extension].get(tag.name)
    if allowed is None and tag.name == "override_requirement":
        hint = "write `override_package(lock = ..., name = ..., target = ...)`, which is for a lock"
        return MistakenTag(
            "tag `override_requirement` is for a venv, of which there are none", place=tag.place, hint=hint
        )
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


@dataclass(frozen=True, slots=True)
class _Attributes:
    """The attributes of a tag, read as what they must be; everything else is added to the problems."""

    tag: Tag
    graph: ModuleGraph
    module: str
    problems: list[VenvshipError]

    def refuse(self, message: str, *, hint: str | None = None) -> None:
        self.problems.append(MistakenTag(message, place=self.tag.place, hint=hint))

    def text(self, name: str) -> str:
        value = self.tag.arguments.get(name)
        if value is None or isinstance(value, str):
            return value or ""
        self.refuse(f"`{name}` of tag `{self.tag.name}` is not a text")
        return ""

    def required(self, name: str) -> str:
        value = self.tag.arguments.get(name)
        if isinstance(value, str) and value:
            return value
        self.refuse(f"tag `{self.tag.name}` needs a text for `{name}`")
        return ""

    def number(self, name: str) -> int:
        value = self.tag.arguments.get(name)
        if value is None or (isinstance(value, int) and not isinstance(value, bool) and value >= 0):
            return value or 0
        self.refuse(f"`{name}` of tag `{self.tag.name}` is not a number")
        return 0

    def texts(self, name: str) -> tuple[str, ...]:
        return self._all(name, lambda text: text)

    def labels(self, name: str) -> tuple[Label, ...]:
        return self._all(name, self.parsed)

    def pairs(self, name: str) -> Mapping[str, str]:
        value = self.tag.arguments.get(name)
        if value is None:
            return {}
        if isinstance(value, Mapping) and all(isinstance(text, str) for pair in value.items() for text in pair):
            return dict(value)
        self.refuse(f"`{name}` of tag `{self.tag.name}` is not a dict of texts")
        return {}

    def label(self, name: str) -> Label | None:
        text = self.text(name)
        return self.parsed(text) if text else None

    def parsed(self, text: str) -> Label | None:
        try:
            mapping = self.graph.mapping_of(self.module)
            return Label.parse(text, relative_to=PackageId(self.module, ""), repository_mapping=mapping)
        except VenvshipError as error:
            error.place = self.tag.place
            self.problems.append(error)
            return None

    def _all(self, name: str, read: Callable[[str], T | None]) -> tuple[T, ...]:
        value = self.tag.arguments.get(name)
        items: Iterable[object] = value if isinstance(value, tuple | list) else ()
        if (value is not None and not isinstance(value, tuple | list)) or not all(isinstance(i, str) for i in items):
            self.refuse(f"`{name}` of tag `{self.tag.name}` is not a list of texts")
            return ()
        return tuple(found for item in items if (found := read(str(item))) is not None)
