"""What a rule function sees: its attributes, its dependencies, and the means to declare outputs and actions."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TypeVar

from venvship.analysis.action_groups import UNNAMED, ActionGroups
from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.location import Located, expand_locations, expand_variables
from venvship.analysis.make_variables import configuration_variables
from venvship.errors import InternalError, Place, UserError
from venvship.loading.attributes import PlainValue, labels_in
from venvship.loading.targets import RuleTarget
from venvship.model.action import (
    Action,
    ForestFile,
    ForestLink,
    ImportTree,
    LazyContent,
    LinkArtifact,
    MakeForest,
    MakeSymlink,
    RequestValue,
    RunTool,
    Spawn,
    WriteFile,
)
from venvship.model.artifact import Artifact, ArtifactKind, Root
from venvship.model.configuration import Configuration
from venvship.model.depset import Depset, union
from venvship.model.digest import Digest
from venvship.model.label import Label
from venvship.model.paths import ExecPath, is_inside, join, normalise
from venvship.model.provider import TemplateVariableInfo
from venvship.model.runfiles import Runfiles
from venvship.model.workspace_status import UNSTAMPED, WorkspaceStatus, is_stamped

P = TypeVar("P")


class RuleError(UserError):
    """A target can't be analysed because of one of its attributes."""

    def __init__(self, label: Label, place: Place, message: str, *, hint: str | None = None) -> None:
        super().__init__(f"{message}", place=place, chain=[f"in target `{label}`"], hint=hint)


class RuleContext:
    """One target under one configuration. Rule functions collect from deps, declare outputs, return providers."""

    def __init__(
        self,
        target: RuleTarget,
        configuration: Configuration,
        values: Mapping[str, PlainValue],
        dependencies: Mapping[str, Sequence[ConfiguredTarget]],
        *,
        status: Callable[[], WorkspaceStatus] = lambda: UNSTAMPED,
    ) -> None:
        self.target = target
        self._status = status
        self.label = target.label
        self.configuration = configuration
        self.actions: list[Action] = []
        self.warnings: list[str] = []
        self.toolchains: Mapping[Label, ConfiguredTarget] = {}
        self.toolchains_with_aspects: Mapping[Label, ConfiguredTarget] = {}
        self.exec_groups: Mapping[str, Mapping[Label, ConfiguredTarget]] = {}
        self.groups: ActionGroups | None = None
        self.splits: Mapping[str, tuple[str, ...]] = {}
        self._values = values
        self._dependencies = dependencies
        self._root = Root.of_outputs(configuration.directory, target.label.repository)
        self._declared: dict[str, Artifact] = {}

    @property
    def place(self) -> Place:
        return self.target.place

    @property
    def is_stamped(self) -> bool:
        """Whether outputs shall tell about the build: as the attribute `stamp` says, or the configuration."""
        wanted = self._values.get("stamp")
        if wanted is None or wanted == -1:
            return is_stamped(self.configuration)
        return bool(wanted)

    @property
    def status(self) -> WorkspaceStatus:
        """What outputs may tell about the build: nothing, unless they are stamped."""
        return self._status() if self.is_stamped else UNSTAMPED

    # Attributes

    def value(self, name: str) -> PlainValue:
        """The value of any attribute, as loading converted it."""
        return self._values[name]

    def string(self, name: str) -> str:
        value = self._values[name]
        if isinstance(value, str):
            return value
        raise self._wrong(name, "a string")

    def strings(self, name: str) -> tuple[str, ...]:
        value = self._values[name]
        if isinstance(value, tuple):
            return tuple(element for element in value if isinstance(element, str))
        raise self._wrong(name, "a list of strings")

    def string_dict(self, name: str) -> Mapping[str, str]:
        value = self._values[name]
        if isinstance(value, Mapping):
            return {key: text for key, text in value.items() if isinstance(key, str) and isinstance(text, str)}
        raise self._wrong(name, "a dict of strings")

    def string_list_dict(self, name: str) -> Mapping[str, tuple[str, ...]]:
        value = self._values[name]
        if isinstance(value, Mapping):
            return {
                str(key): tuple(str(text) for text in texts) for key, texts in value.items() if isinstance(texts, tuple)
            }
        raise self._wrong(name, "a dict of lists of strings")

    def boolean(self, name: str) -> bool:
        value = self._values[name]
        if isinstance(value, bool):
            return value
        raise self._wrong(name, "a bool")

    def integer(self, name: str) -> int:
        value = self._values[name]
        if isinstance(value, int) and not isinstance(value, bool):
            return value
        raise self._wrong(name, "an int")

    def labels(self, name: str) -> tuple[Label, ...]:
        value = self._values[name]
        if isinstance(value, tuple):
            return tuple(element for element in value if isinstance(element, Label))
        return (value,) if isinstance(value, Label) else ()

    def label_dict(self, name: str) -> Mapping[Label, str]:
        """The value of a dict from labels to strings; the targets are those of `targets(name)`, in order."""
        value = self._values[name]
        if isinstance(value, Mapping):
            return {key: text for key, text in value.items() if isinstance(key, Label) and isinstance(text, str)}
        raise self._wrong(name, "a dict from labels to strings")

    def labels_by_name(self, name: str) -> Mapping[str, Label]:
        """The value of a dict from strings to labels; the targets are those of `targets(name)`, in order."""
        value = self._values[name]
        if isinstance(value, Mapping):
            return {key: label for key, label in value.items() if isinstance(key, str) and isinstance(label, Label)}
        raise self._wrong(name, "a dict from strings to labels")

    def targets(self, name: str) -> tuple[ConfiguredTarget, ...]:
        """The dependencies that attribute `name` holds, in order."""
        return tuple(self._dependencies.get(name, ()))

    def located(self, names: Iterable[str]) -> list[Located]:
        """The dependencies of several attributes as `$(location)` finds them."""
        found: list[Located] = []
        for name in names:
            targets = self.targets(name)
            labels = labels_in(self._values.get(name))
            # With a split transition, the labels come again for each configuration.
            repeated = labels * (len(targets) // len(labels)) if labels else ()
            if len(repeated) != len(targets):
                repeated = tuple(target.label for target in targets)
            found += [Located(label, one, name != "srcs") for label, one in zip(repeated, targets, strict=True)]
        return found

    def target_or_none(self, name: str) -> ConfiguredTarget | None:
        found = self.targets(name)
        return found[0] if found else None

    def provided(self, name: str, provider: type[P]) -> tuple[P, ...]:
        """The providers of one class that the dependencies of attribute `name` have."""
        return tuple(info for target in self.targets(name) if (info := target.get(provider)) is not None)

    def runfiles_of_data(self) -> Runfiles:
        """What the attribute `data` brings along at run time: outputs, and what is needed by who uses them as data."""
        infos = [target.default_info for target in self.targets("data")]
        return Runfiles.merged(
            [Runfiles(files=union(info.files for info in infos)), *(i.shown_data_runfiles for i in infos)]
        )

    def files(self, name: str) -> tuple[Artifact, ...]:
        """The default outputs of all dependencies of attribute `name`, each once."""
        found: dict[Artifact, None] = {}
        for target in self.targets(name):
            found.update(dict.fromkeys(target.default_info.files.to_tuple()))
        return tuple(found)

    def file(self, name: str) -> Artifact:
        """The only default output of attribute `name`."""
        files = self.files(name)
        if len(files) != 1:
            raise self.error(f"attribute `{name}` must give exactly one file, and gives {len(files)}")
        return files[0]

    def expand(
        self, text: str, names: Iterable[str] = ("data", "srcs", "deps", "tools"), *, location: str = "rootpath"
    ) -> str:
        """Replace `$(location …)` of dependencies and `$(VARIABLE)`s, and `$$` by `$`.

        `location` is `rootpath` or `execpath`, whichever the plain word means to the rule.
        """
        try:
            located = expand_locations(
                text,
                self.located(names),
                self.label.package,
                mapping=self.target.mapping,
                own=self.own_output,
                location=location,
            )
            return expand_variables(located, self.make_variables())
        except UserError as error:
            raise self.error(error.message, hint=error.hint) from error

    def make_variables(self) -> dict[str, str]:
        """Make variables: of the configuration, of the command line, of the rule's toolchains and of `toolchains`."""
        variables = configuration_variables(self.configuration)
        resolved = [target.get(TemplateVariableInfo) for target in self.toolchains.values()]
        for info in (*resolved, *self.provided("toolchains", TemplateVariableInfo)):
            if info is not None:
                variables.update(info.variables)
        return variables

    def error(self, message: str, *, hint: str | None = None) -> RuleError:
        """An error about this target, to be raised."""
        return RuleError(self.label, self.place, message, hint=hint)

    def warn(self, message: str) -> None:
        """Tell the user something about this target that does not stop the build."""
        self.warnings.append(f"{self.place}: `{self.label}`: {message}")

    def _wrong(self, name: str, wanted: str) -> InternalError:
        return InternalError(f"attribute `{name}` of `{self.label}` was read as {wanted}: {self._values[name]!r}")

    # Outputs and actions

    def declare_file(self, name: str) -> Artifact:
        """An output file, `name` below the package's directory."""
        return self._declare(join(self.label.package.path, name), ArtifactKind.FILE)

    def own_output(self, label: Label) -> Artifact | None:
        """The output that an attribute of the target promises by this label."""
        for name in self.target.rule_class.output_attributes:
            if label in self.labels(name):
                return self.declare_file(label.name)
        return None

    def declare_directory(self, name: str) -> Artifact:
        return self._declare(join(self.label.package.path, name), ArtifactKind.DIRECTORY)

    def declare_with_bytecode(self, directory: Artifact) -> Artifact:
        """A directory output that holds what an own one does, and bytecode; runfiles have it at the same place."""
        return Artifact(directory.root.with_bytecode, directory.path, self.label, ArtifactKind.DIRECTORY)

    def declare_symlink(self, name: str) -> Artifact:
        return self._declare(join(self.label.package.path, name), ArtifactKind.SYMLINK)

    @property
    def declared(self) -> Mapping[str, Artifact]:
        """The outputs declared so far, by their path below the output root."""
        return self._declared

    def owns(self, artifact: Artifact) -> bool:
        """Whether this target declared `artifact`."""
        return self._declared.get(artifact.path) == artifact

    def _declare(self, path: str, kind: ArtifactKind) -> Artifact:
        try:
            normal = normalise(path)
        except ValueError as error:
            raise self.error(f"bad output name: {error}") from error
        package = self.label.package.path
        if normal == package or not is_inside(normal, package):
            raise self.error(f"the output `{normal}` is not under the directory of the package `{self.label.package}`")
        artifact = self._declared.setdefault(normal, Artifact(self._root, normal, self.label, kind))
        if artifact.kind is not kind:
            raise self.error(f"output `{path}` is declared as {artifact.kind.value} and as {kind.value}")
        return artifact

    def write(self, output: Artifact, content: bytes | LazyContent, *, executable: bool = False) -> None:
        self.actions.append(WriteFile(self.label, output, content, executable))

    def make_symlink(self, output: Artifact, text: str) -> None:
        """Make `output`, declared as a symlink, a link with exactly this text."""
        self.actions.append(MakeSymlink(self.label, output, text))

    def link_artifact(self, output: Artifact, target: Artifact, *, executable: bool = False) -> None:
        """Make `output` stand for `target`."""
        self.actions.append(LinkArtifact(self.label, output, target, executable))

    def make_forest(
        self, directory: str, entries: Iterable[ForestLink | ForestFile], *, program: Label | None = None
    ) -> None:
        """Make links and small files below `directory` (package-relative) in one step, perhaps for one `program`."""
        path = ExecPath(join(self._root.exec_path, self.label.package.path, directory))
        self.actions.append(MakeForest(self.label, path, tuple(entries), program))

    def import_tree(self, output: Artifact, tree: Digest) -> None:
        self.actions.append(ImportTree(self.label, output, tree))

    def run_tool(
        self,
        tool: str,
        request: Mapping[str, RequestValue],
        *,
        inputs: Iterable[Artifact] | Depset[Artifact],
        outputs: Sequence[Artifact],
        mnemonic: str,
        progress: str,
        interpreter: Artifact | None = None,
        user_environment: bool = False,
        placeless: bool = False,
    ) -> None:
        """Run a program of `venvship.tools` in a warm worker."""
        needed = inputs if isinstance(inputs, Depset) else Depset(inputs)
        self.actions.append(
            RunTool(
                self.label,
                tool,
                request,
                needed,
                tuple(outputs),
                mnemonic,
                progress,
                interpreter,
                user_environment,
                placeless,
            )
        )

    def spawn(self, action: Spawn, *, group: str = UNNAMED) -> None:
        """Run a program on the platform of a group of actions."""
        if self.groups is not None:
            properties, elsewhere = self.groups.properties(group), self.groups.elsewhere(group)
            if properties or elsewhere is not None:
                action = dataclasses.replace(action, properties=properties, elsewhere=elsewhere)
        self.actions.append(action)
