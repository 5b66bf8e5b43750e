"""The distributions of a lock file: `@pypi//numpy` and `@pypi//numpy:whl`.

A hub repository has one package for each distribution. Which version a name means, what it depends on and which
wheel is installed are known only with a configuration, so these rules compute their dependencies.
Distributions that need each other in a circle are installed one by one and offered together.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import field
from typing import Final, Protocol

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.loading.attributes import PlainValue
from venvship.loading.rule_class import RuleClass
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact, Root
from venvship.model.configuration import PYTHON_VERSION, Configuration
from venvship.model.depset import Depset, union
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.paths import TreePath, join
from venvship.model.provider import DefaultInfo, OutputGroupInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.oci.compression import GZIP_COMPRESSOR
from venvship.rules.oci.placement import RUNFILES_IN_IMAGE
from venvship.rules.python.hub_parts import PART_RULES
from venvship.rules.python.installation import install
from venvship.rules.python.library import DISTRIBUTION_RULE
from venvship.rules.python.providers import (
    InterpreterInfo,
    LayerRecord,
    PyInfo,
    PyWheelsInfo,
    VenvSymlinkEntry,
    VenvSymlinkKind,
    WheelRecord,
)
from venvship.rules.python.runtime import RUNTIME_ATTRIBUTE, PyCompilerInfo
from venvship.rules.python.transitions import built_for, without_caller
from venvship.venvs.metadata import normalised_name
from venvship.venvs.scripts import FirstPartyDistribution
from venvship.venvs.wheel_layout import InstalledScript, InstalledWheel, ScriptEntryPoint
from venvship.wheels.manifest import Scheme, WheelManifest


@dataclass(frozen=True, slots=True)
class FetchedWheel:
    """The wheel file that was chosen for a configuration; it lies at `path` of the hub's source root.

    `identities` maps files of site-packages to the hashes that RECORD has for them. Files that `exclude_globs` mean
    are left out of the installed wheel; `replaced` has other content for some of them, by path.
    """

    project: str
    version: str
    filename: str
    sha256: str
    path: str
    manifest: WheelManifest
    identities: Mapping[str, str] = field(default_factory=dict)
    exclude_globs: tuple[str, ...] = ()
    replaced: Mapping[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Component:
    """Distributions that need each other, and the names of the others that they need.

    `members` are installed from wheels, `projects` are code of the workspace that no target stands for.
    """

    members: tuple[str, ...]
    dependencies: tuple[str, ...]
    projects: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class ProjectCode:
    """The code of a project of the workspace: files and import roots, as paths in the main repository."""

    files: tuple[str, ...] = ()
    imports: tuple[str, ...] = ()
    distribution: FirstPartyDistribution | None = None


class Hub(Protocol):
    """The distributions of one lock file, under any configuration."""

    @property
    def repository(self) -> str: ...

    def component(self, project: str, configuration: Configuration) -> Component: ...

    def wheel(self, project: str, configuration: Configuration) -> FetchedWheel | None:
        """None where markers leave it out."""
        ...

    def extras(self, project: str, configuration: Configuration) -> Mapping[str, Sequence[Label]]:
        """By attribute, what is added to a distribution and to those that it is in a circle with; may be empty."""
        ...

    def toolchains(self, project: str, configuration: Configuration) -> Sequence[Label]:
        """Targets whose Make variables and files its build from source is told of, if it is built."""
        ...

    def project_code(self, project: str) -> ProjectCode:
        """What a project of the workspace without a target of its own would install."""
        ...

    def group(self, configuration: Configuration) -> Sequence[str]:
        """What the active dependency group asks for itself."""
        ...


WHEEL: Final = "whl"
CODE: Final = "code"
_CODE_RULE: Final = "project_code"
WHEEL_RULE: Final = "locked_wheel"
TOOLCHAINS: Final = "toolchains"
"""The edges of a wheel that lead to what its build from source is told of."""
GROUP_RULE: Final = "locked_group"


def package_name(project: str) -> str:
    """The package of a distribution in its hub: `ruamel-yaml` is `@pypi//ruamel_yaml`."""
    return project.replace("-", "_").replace(".", "_")


def distribution_rules(hub: Hub) -> Mapping[str, RuleClass]:
    """The rule classes of a hub's targets, under the names by which `hub_targets` asks for them."""

    def label(project: str, name: str) -> Label:
        return Label(PackageId(hub.repository, package_name(project)), name)

    def dependencies(
        target: Label, values: Mapping[str, PlainValue], configuration: Configuration
    ) -> Mapping[str, Sequence[Label]]:
        component = hub.component(str(values["project"]), configuration)
        return {
            "wheels": [
                *(label(member, WHEEL) for member in component.members),
                *(label(project, CODE) for project in component.projects),
            ],
            "deps": [label(name, package_name(name)) for name in component.dependencies],
            **hub.extras(str(values["project"]), configuration),
        }

    def wheel(ctx: RuleContext) -> list[object]:
        found = hub.wheel(ctx.string("project"), ctx.configuration)
        return _no_wheel() if found is None else _wheel(ctx, found)

    def toolchains(
        target: Label, values: Mapping[str, PlainValue], configuration: Configuration
    ) -> Mapping[str, Sequence[Label]]:
        found = hub.toolchains(str(values["project"]), configuration)
        return {TOOLCHAINS: found} if found else {}

    def code(ctx: RuleContext) -> list[object]:
        return _code(ctx.label, hub.project_code(ctx.string("project")))

    def group(
        target: Label, values: Mapping[str, PlainValue], configuration: Configuration
    ) -> Mapping[str, Sequence[Label]]:
        return {"deps": [label(name, package_name(name)) for name in hub.group(configuration)]}

    project = attributes.string("project", mandatory=True)
    extras = (attributes.labels("extra_deps", providers=(PyInfo,)), attributes.labels("extra_data", files=True))
    return {
        f"{DISTRIBUTION_RULE}@{hub.repository}": RuleClass(
            DISTRIBUTION_RULE,
            (project, *extras),
            _distribution,
            computed_dependencies=dependencies,
        ),
        f"{WHEEL_RULE}@{hub.repository}": RuleClass(
            WHEEL_RULE, (project, RUNTIME_ATTRIBUTE), wheel, computed_dependencies=toolchains
        ),
        f"{_CODE_RULE}@{hub.repository}": RuleClass(_CODE_RULE, (project,), code),
        **PART_RULES,
        f"{GROUP_RULE}@{hub.repository}": RuleClass(GROUP_RULE, extras, _distribution, computed_dependencies=group),
    }


def hub_targets(hub: str, project: str) -> tuple[tuple[str, str], ...]:
    """The targets of a distribution's package: names of rule classes and of targets."""
    return (
        (f"{DISTRIBUTION_RULE}@{hub}", package_name(project)),
        (f"{WHEEL_RULE}@{hub}", WHEEL),
    )


def project_targets(hub: str, project: str) -> tuple[tuple[str, str], ...]:
    """The same for a project of the workspace that no target stands for."""
    return ((f"{DISTRIBUTION_RULE}@{hub}", package_name(project)), (f"{_CODE_RULE}@{hub}", CODE))


def _code(label: Label, found: ProjectCode) -> list[object]:
    root = Root.of_sources(MAIN_REPOSITORY)
    files = [Artifact(root, path, label) for path in found.files]
    sources = Depset([file for file in files if file.path.endswith(".py")])
    runfiles = Runfiles(files=Depset(files))
    code = PyInfo(
        sources,
        Depset([root.runfiles_directory, *(join(root.runfiles_directory, path) for path in found.imports)]),
        distributions=Depset([found.distribution] if found.distribution is not None else []),
        direct_original_sources=sources,
        transitive_original_sources=sources,
    )
    return [DefaultInfo(sources, runfiles, runfiles), code, PyWheelsInfo()]


def _distribution(ctx: RuleContext) -> list[object]:
    below = [*ctx.provided("deps", PyWheelsInfo), *ctx.provided("extra_deps", PyWheelsInfo)]
    wheels = union(
        (info.wheels for info in below),
        direct=[record for info in ctx.provided("wheels", PyWheelsInfo) for record in info.wheels.direct],
    )
    files = Depset([record.install for record in wheels.direct])
    own = ctx.provided("wheels", PyInfo)
    first_party = [*own, *(info for name in ("deps", "extra_deps") for info in ctx.provided(name, PyInfo))]
    installs = union((info.installs for info in below), direct=files.direct)
    unpacked = union((info.unpacked for info in below), direct=[record.unpacked for record in wheels.direct])
    runfiles = Runfiles.merged(
        [
            Runfiles(files=Depset(ctx.files("extra_data"))),
            *(target.default_info.default_runfiles for name in ("deps", "extra_deps") for target in ctx.targets(name)),
            *(t.default_info.default_runfiles for t in ctx.targets("wheels") if t.label.name == CODE),
        ]
    )
    code = PyInfo(
        union(info.transitive_sources for info in first_party),
        union(info.imports for info in first_party),
        distributions=union(info.distributions for info in first_party),
        venv_symlinks=union(info.venv_symlinks for info in first_party),
        made_symlinks=union(info.made_symlinks for info in first_party),
        wheel_trees=installs,
    )
    default = DefaultInfo(files, runfiles, runfiles, apart=installs)
    return [default, code, PyWheelsInfo(wheels, installs=installs, unpacked=unpacked)]


def _no_wheel() -> list[object]:
    nothing: Depset[Artifact] = Depset()
    return [DefaultInfo(nothing), OutputGroupInfo({"install_dir": nothing, "whl": nothing}), PyInfo(), PyWheelsInfo()]


def _wheel(ctx: RuleContext, wheel: FetchedWheel) -> list[object]:
    [runtime] = ctx.provided(RUNTIME_ATTRIBUTE.name, InterpreterInfo)
    [compiler] = ctx.provided(RUNTIME_ATTRIBUTE.name, PyCompilerInfo)
    archive = Artifact(Root.of_sources(ctx.label.repository), wheel.path, ctx.label)
    # A program may carry another one of another Python, whose modules lie elsewhere in what is else the same directory.
    asked = ctx.configuration.get(PYTHON_VERSION)
    directory = ctx.declare_directory(f"{wheel.version}-{runtime.version.directory}" if asked else wheel.version)
    more: dict[str, RequestValue] = {}
    if wheel.exclude_globs:
        more["exclude_globs"] = wheel.exclude_globs
    if wheel.replaced:
        more["replaced"] = {path: b64encode(wheel.replaced[path]).decode() for path in sorted(wheel.replaced)}
    name = f"{wheel.project} {wheel.version}"
    done = install(ctx, archive, directory, version=runtime.version, compiler=compiler, name=name, more=more)
    size = sum(entry.size for entry in wheel.manifest.entries)
    record = WheelRecord(
        wheel.project,
        wheel.version,
        without_caller(ctx.configuration).directory,
        built_for(ctx.configuration, runtime.version),
        label=ctx.label.sibling(package_name(wheel.project)),
        unpacked=done.unpacked,
        install=done.complete,
        archive=archive,
        layout=installed_layout(wheel.manifest, directory.runfiles_path, runtime, wheel.identities),
        unpacked_size=size,
        layer=layer_of_wheel(ctx, wheel.version, done.complete, archive, name=name),
    )
    files = Depset([record.install])
    file = Depset([archive])
    return [
        DefaultInfo(file, Runfiles(files=file), Runfiles(files=file)),
        OutputGroupInfo({"install_dir": files, "whl": file}),
        PyInfo(
            imports=Depset([record.layout.site_packages]),
            venv_symlinks=Depset(symlink_entries(record.layout, files)),
            wheel_trees=files,
        ),
        PyWheelsInfo(Depset([record]), installs=files, unpacked=Depset([record.unpacked])),
    ]


def symlink_entries(layout: InstalledWheel, files: Depset[Artifact]) -> list[VenvSymlinkEntry]:
    """What a wheel brings into venvs, as rules of others read it: one entry for each top-level name and script."""
    entries = [
        VenvSymlinkEntry(
            VenvSymlinkKind.LIB.value,
            name,
            join(layout.site_packages, name),
            layout.project,
            layout.version,
            files,
        )
        for name, _ in layout.top_levels
    ]
    entries += [
        VenvSymlinkEntry(
            VenvSymlinkKind.BIN.value,
            script.name,
            join(layout.prefix, script.path),
            layout.project,
            layout.version,
            files,
        )
        for script in layout.scripts
    ]
    return entries


def layer_of_wheel(ctx: RuleContext, stem: str, install: Artifact, archive: Artifact, *, name: str) -> LayerRecord:
    """The wheel as a layer of its own: the same bytes in every image, so it belongs to the wheel's target."""
    blob = ctx.declare_file(f"{stem}.layer.tar.gz")
    descriptor = ctx.declare_file(f"{stem}.layer.json")
    row: dict[str, RequestValue] = {
        "tree": install,
        "at": join(RUNFILES_IN_IMAGE, install.runfiles_path),
        "wheel": archive,
    }
    ctx.run_tool(
        "write_layer",
        {"rows": (row,), "output": blob, "descriptor": descriptor, "compressor": GZIP_COMPRESSOR},
        inputs=[install, archive],
        outputs=[blob, descriptor],
        mnemonic="ImageLayer",
        progress=f"Writing layer of {name}",
    )
    return LayerRecord(name, blob, descriptor)


def installed_layout(
    manifest: WheelManifest, prefix: TreePath, runtime: InterpreterInfo, identities: Mapping[str, str]
) -> InstalledWheel:
    """What the venv planner needs of a wheel, from its manifest."""
    return InstalledWheel.of_files(
        manifest.distribution,
        manifest.version,
        site_packages=TreePath(join(prefix, "lib", runtime.version.directory, "site-packages")),
        prefix=prefix,
        files=[entry.path for entry in manifest.site_entries()],
        data=[
            *(entry.path for entry in manifest.entries if entry.scheme is Scheme.DATA),
            *(join(_headers(manifest, runtime), e.path) for e in manifest.entries if e.scheme is Scheme.HEADERS),
        ],
        entry_points=[
            ScriptEntryPoint(point.name, point.module, point.attribute)
            for point in (*manifest.entry_points.console_scripts, *manifest.entry_points.gui_scripts)
        ],
        scripts=[
            InstalledScript(entry.path, join("data-scripts", entry.path), entry.path in manifest.python_scripts)
            for entry in manifest.entries
            if entry.scheme is Scheme.SCRIPTS
        ],
        legacy_namespaces=manifest.namespace_packages & _with_init(manifest),
        path_files=manifest.path_files,
        identities=identities,
        origins={path: facts.origin_directories for path, facts in manifest.libraries.items()},
        bytecode_tag=runtime.version.bytecode_tag,
    )


def _headers(manifest: WheelManifest, runtime: InterpreterInfo) -> str:
    """Where installers put the headers of a wheel, below the prefix."""
    name = normalised_name(manifest.dist_info.partition("-")[0])
    return f"include/site/python{runtime.version}/{name}"


def _with_init(manifest: WheelManifest) -> frozenset[str]:
    """The directories that have an `__init__.py`."""
    name = "/__init__.py"
    return frozenset(e.path.removesuffix(name) for e in manifest.site_entries() if e.path.endswith(name))
