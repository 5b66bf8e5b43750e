"""A workspace in memory that is analysed with the real rules; wheels and interpreters are values."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from wheel_building import wheel_bytes

from venvship.analysis.action_graph import ActionGraph
from venvship.analysis.analyzer import Analyzer
from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.platforms import host_constraints
from venvship.analysis.toolchains import Debugging
from venvship.errors import Place, VenvshipError
from venvship.loading.disk_files import DiskFiles
from venvship.loading.files import DirectoryEntry, EntryKind, MemoryFiles, SourceFiles
from venvship.loading.package_loader import PackageLoader
from venvship.loading.repositories import KnownRepositories, Repository, TargetSpec
from venvship.loading.rule_class import RuleClass
from venvship.memo.computation import Memo
from venvship.model.action import Action, WriteFile
from venvship.model.configuration import DEP_GROUP, PYTHON_VERSION, Configuration
from venvship.model.digest import Digest
from venvship.model.label import Label, PackageId
from venvship.model.platform import Platform
from venvship.rules.bzl_names import bzl_names, own_names
from venvship.rules.catalogue import loaded_rules, native_rules
from venvship.rules.oci.base import LIBRARIES, ImportedLibraries, libraries_rule
from venvship.rules.python.distributions import (
    Component,
    FetchedWheel,
    ProjectCode,
    distribution_rules,
    hub_targets,
    package_name,
)
from venvship.rules.python.members import Members
from venvship.rules.python.runtime import INTERPRETERS, ImportedInterpreter, runtime_rule
from venvship.session.repositories import FixedPackage, builtin_modules_root
from venvship.wheels.filename import WheelFilename
from venvship.wheels.manifest import read_manifest

LINUX = Configuration(Platform.parse("linux_x86_64"))
_NAMES = ("py_binary", "py_image_layer", "py_library", "py_pytest_test", "py_test", "py_venv")
DEFS = 'load("@aspect_rules_py//py:defs.bzl", ' + ", ".join(f'"{name}"' for name in _NAMES) + ")\n"


class BytesAccess:
    def __init__(self, data: bytes) -> None:
        self._data = data
        self.size = len(data)

    def read_at(self, offset: int, length: int) -> bytes:
        return self._data[offset : offset + length]


@dataclass(frozen=True)
class Dist:
    """A distribution of the hub: its files, and the names of those it needs."""

    name: str
    version: str = "1.0"
    files: Mapping[str, str | bytes] | None = None
    needs: tuple[str, ...] = ()
    scripts: Mapping[str, str] | None = None


@dataclass
class ValueHub:
    """A hub whose wheels are made on the spot. `groups` replaces distributions for a dependency group."""

    dists: Iterable[Dist]
    groups: Mapping[str, Iterable[Dist]] = field(default_factory=dict)
    repository: str = "pypi"

    def _found(self, configuration: Configuration) -> dict[str, Dist]:
        found = {dist.name: dist for dist in self.dists}
        found.update({dist.name: dist for dist in self.groups.get(configuration.get(DEP_GROUP), ())})
        return found

    def component(self, project: str, configuration: Configuration) -> Component:
        dists = self._found(configuration)

        def reachable(start: str) -> set[str]:
            seen: set[str] = set()
            pending = [start]
            while pending:
                for name in dists[pending.pop()].needs:
                    if name not in seen:
                        seen.add(name)
                        pending.append(name)
            return seen

        members = {project} | {name for name in reachable(project) if project in reachable(name)}
        needed = {name for member in members for name in dists[member].needs} - members
        return Component(tuple(sorted(members)), tuple(sorted(needed)))

    def wheel(self, project: str, configuration: Configuration) -> FetchedWheel:
        dist = self._found(configuration)[project]
        data = wheel_bytes(dist.name, dist.version, dist.files, console_scripts=dist.scripts)
        name = WheelFilename.parse(f"{dist.name.replace('-', '_')}-{dist.version}-py3-none-any.whl")
        sha256 = hashlib.sha256(data).hexdigest()
        manifest = read_manifest(BytesAccess(data), filename=name)
        return FetchedWheel(project, dist.version, name.text, sha256, f"{sha256}/{name.text}", manifest)

    def extras(self, project: str, configuration: Configuration) -> Mapping[str, Sequence[Label]]:
        return {}

    def toolchains(self, project: str, configuration: Configuration) -> Sequence[Label]:
        return ()

    def project_code(self, project: str) -> ProjectCode:
        return ProjectCode()

    def group(self, configuration: Configuration) -> list[str]:
        return [dist.name for dist in self.groups.get(configuration.get(DEP_GROUP), ())]

    def package(self, path: str) -> list[TargetSpec] | None:
        names = {package_name(dist.name): dist.name for dist in self.dists}
        if path not in names:
            return None
        return [
            TargetSpec(rule, name, {"project": names[path]}) for rule, name in hub_targets(self.repository, names[path])
        ]

    def package_paths(self) -> Iterable[str]:
        return [package_name(dist.name) for dist in self.dists]

    def source(self, path: str) -> bytes | None:
        return None

    def source_paths(self) -> Iterable[str]:
        return ()


class ValueInterpreters:
    def full_version(self, configuration: Configuration) -> str:
        return configuration.get(PYTHON_VERSION, "3.12") + ".4"

    def interpreter(self, configuration: Configuration) -> ImportedInterpreter:
        version = self.full_version(configuration)
        return ImportedInterpreter(version, Digest.of(version.encode()))


class NoLibraries:
    def libraries(self, configuration: Configuration) -> ImportedLibraries:
        return ImportedLibraries(Digest.of(b"libraries"), ())


class _Both:
    """Memory below /w, the disk elsewhere: built-in modules are read from where they are installed."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self.memory = MemoryFiles({f"/w/{path}": text for path, text in files.items()})
        self.disk = DiskFiles()

    def _of(self, path: str) -> SourceFiles:
        return self.memory if path == "/w" or path.startswith("/w/") else self.disk

    def read(self, path: str) -> bytes | None:
        return self._of(path).read(path)

    def kind(self, path: str) -> EntryKind:
        return self._of(path).kind(path)

    def list_directory(self, path: str) -> tuple[DirectoryEntry, ...]:
        return self._of(path).list_directory(path)

    def real_path(self, path: str) -> str:
        return self._of(path).real_path(path)


class AnalysisWorkspace:
    """Files by path; every file that a BUILD file names must be among them."""

    def __init__(
        self,
        files: Mapping[str, str],
        *,
        hub: ValueHub | None = None,
        members: Members | None = None,
        more_rules: Iterable[RuleClass] = (),
        toolchains: Sequence[Label] = (),
        execution_platforms: Sequence[Label] = (),
        debugging: Debugging | None = None,
    ) -> None:
        """`more_rules` are seen by BUILD files, as the native ones are."""
        self.hub = hub or ValueHub([])
        self.printed: list[str] = []
        rule_sets = ("aspect_rules_py", "bazel_lib", "rules_python", "rules_oci")
        modules = (*rule_sets, "bazel_tools", "platforms", "venvship")
        mapping = {"": "", **{name: name for name in (*modules, "pypi")}}
        root = builtin_modules_root()
        repositories = [
            Repository("", mapping, root="/w"),
            *(Repository(name, mapping, root=str(root / name), is_builtin=True) for name in modules),
            Repository("pypi", mapping, generated=self.hub),
            Repository(INTERPRETERS, mapping, generated=FixedPackage((("python_runtime", "runtime"),))),
            Repository(LIBRARIES, mapping, generated=FixedPackage((("runtime_libraries", "libraries"),))),
        ]
        native = {**native_rules(), **{rule.name: rule for rule in more_rules}}
        rules = {
            **native,
            **loaded_rules(members),
            **distribution_rules(self.hub),
            "python_runtime": runtime_rule(ValueInterpreters()),
            "runtime_libraries": libraries_rule(NoLibraries()),
        }
        self.memo = Memo()
        self.loader = PackageLoader(
            repositories=KnownRepositories(repositories),
            files=_Both(files),
            memo=self.memo,
            rule_classes=rules,
            native_rules=native,
            bzl_names=bzl_names(
                print_handler=self._print, source_line=lambda file, line: self.loader.source_line(file, line)
            ),
            own_names=own_names(),
            print_handler=self._print,
            host_constraints=host_constraints(LINUX.platform),
        )
        self.analyzer = Analyzer(
            self.loader,
            memo=self.memo,
            host=LINUX,
            toolchains=lambda: toolchains,
            execution_platforms=lambda: execution_platforms,
            debugging=debugging,
        )

    def _print(self, text: str, place: Place) -> None:
        self.printed.append(text)

    def analyze(
        self, *labels: str, configuration: Configuration = LINUX, keep_going: bool = False
    ) -> list[ConfiguredTarget]:
        mapping = {"": "", "pypi": "pypi", "platforms": "platforms"}
        main = PackageId("", "")
        parsed = [Label.parse(text, relative_to=main, repository_mapping=mapping) for text in labels]
        return self.analyzer.analyze(parsed, configuration, keep_going=keep_going)

    def one(self, label: str, configuration: Configuration = LINUX) -> ConfiguredTarget:
        [target] = self.analyze(label, configuration=configuration)
        return target

    def problems(self, *labels: str) -> str:
        """Everything that analysing these complains about."""
        try:
            self.analyze(*labels)
        except VenvshipError as error:
            return str(error)
        return ""

    def graph(self) -> ActionGraph:
        return ActionGraph.of(self.analyzer.targets)


def outputs(actions: Iterable[Action]) -> dict[str, Action]:
    """Actions by the exec path of each of their outputs."""
    return {output.exec_path: action for action in actions for output in action.outputs}


def written(action: Action) -> bytes:
    """The bytes of a file that is written as it was known at analysis."""
    assert isinstance(action, WriteFile) and isinstance(action.content, bytes)
    return action.content
