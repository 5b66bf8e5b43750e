"""Repositories that `.bzl` files make: module extensions and repository rules, run when somebody needs them.

An extension runs when the first of its repositories is needed; each of the repositories is made when something is
loaded from it. Both are kept for later commands, until the text of the files, what modules ask for or anything that
was read on the way changes.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError, VenvshipError
from venvship.events.build_events import EventSink, Message, PhaseProgress, PhaseStarted, Severity
from venvship.host.files import remove
from venvship.host.processes import Children
from venvship.loading.attribute_values import LabelReader
from venvship.loading.bzl_loader import BzlLoader, PrintHandler
from venvship.loading.module_extension import ModuleExtension
from venvship.loading.named_values import shown_value, stable_text
from venvship.loading.nearest import did_you_mean
from venvship.loading.repositories import Repository, RepositorySet
from venvship.loading.repository_rule import ExtensionRun, RepositoryCall, RepositoryRule
from venvship.loading.workspace import join_host
from venvship.memo.computation import Memo
from venvship.memo.keys import Key
from venvship.model.label import InvalidLabel, Label, PackageId
from venvship.model.paths import join
from venvship.modules.module_graph import ModuleExtensionUsage, ModuleGraph, ModuleRepoRuleUsage
from venvship.repos.debian_packages import DEBIAN_EXTENSION, package_of
from venvship.repos.extension_facts import read_facts
from venvship.repos.extension_results import decode_calls, encode_calls
from venvship.repos.external_store import ExternalStore, Input, Making, Observer
from venvship.repos.host_operations import Services
from venvship.repos.module_context import ExtensionMetadata, ModuleContext, tags_of
from venvship.repos.repository_context import RepositoryContext, RepositoryMetadata
from venvship.repos.web_files import WebFiles
from venvship.starlark.errors import EvaluationError
from venvship.starlark.execution import call
from venvship.starlark.host_types import type_name
from venvship.starlark.structs import Struct
from venvship.starlark.thread import Thread
from venvship.starlark.values import DICTS


class NotAnExtension(UserError):
    """A module uses as extension or repository rule what is none."""


class UngeneratedRepository(UserError):
    """A repository that `use_repo` imports and that its extension does not make."""


@dataclass(frozen=True, slots=True)
class ExtensionKey(Key["Mapping[str, RepositoryCall]"]):
    """One run of an extension, by the prefix of its repositories."""

    prefix: str
    shown: str

    def __str__(self) -> str:
        return f"module extension {self.shown}"


class WrittenRepositories:
    """The repositories of extensions and of repository rules that MODULE.bazel calls."""

    def __init__(
        self,
        graph: ModuleGraph,
        *,
        memo: Memo,
        bzl: Callable[[], BzlLoader],
        repositories: RepositorySet,
        store: ExternalStore,
        observer: Observer,
        files: WebFiles,
        children: Children,
        events: EventSink,
        workspace: Path,
        scratch: Path,
        print_handler: PrintHandler,
    ) -> None:
        """`bzl` loads `.bzl` files, `repositories` finds every repository: both use this object in turn."""
        self._graph = graph
        self._memo = memo
        self._bzl = bzl
        self._repositories = repositories
        self._store = store
        self._observer = observer
        self._files = files
        self._children = children
        self._events = events
        self._workspace = workspace
        self._scratch = scratch
        self._print = print_handler
        # The name of an isolated usage begins with that of the extension.
        extensions = graph.written_extensions()
        self._extensions = {prefix: extensions[prefix] for prefix in sorted(extensions, key=len, reverse=True)}
        self._rule_calls = {usage.canonical_name: usage for usage in graph.repo_rule_usages}

    def names(self) -> list[str]:
        """The canonical names that modules use."""
        imported = [
            usage.canonical(exported)
            for usages in self._extensions.values()
            for usage in usages
            for exported in usage.usage.imports.values()
        ]
        return list(dict.fromkeys([*self._rule_calls, *imported]))

    def get(self, name: str) -> Repository | None:
        """The repository, made if need be; None when nobody makes it."""
        usage = self._rule_calls.get(name)
        if usage is not None:
            return self._of_rule_call(name, usage)
        prefix = self._prefix_of(name)
        return None if prefix is None else self._of_extension(name, prefix, self._extensions[prefix])

    def fetch_ahead(self, names: Iterable[str]) -> None:
        """Fetch the Debian packages of repositories that will be asked for, many at a time.

        What is wrong with one is told when it is asked for.
        """
        packages = [
            (name, prefix)
            for name in names
            if (prefix := self._prefix_of(name)) is not None
            and self._extensions[prefix][0].extension == DEBIAN_EXTENSION
            and not self._store.path_of(name).exists()
        ]
        if len(packages) < 2:
            return
        with contextlib.suppress(VenvshipError):
            calls = (
                self._calls(prefix, self._extensions[prefix]).get(name[len(prefix) :]) for name, prefix in packages
            )
            files = [file for call in calls if call is not None and (file := package_of(call)) is not None]
            self._events.emit(PhaseStarted("fetching"))
            self._files.fetch_all(files)

    def _prefix_of(self, name: str) -> str | None:
        """Under which the extension is known that may make a repository."""
        for prefix in self._extensions:
            if name.startswith(prefix) and "+" not in name[len(prefix) :] and len(name) > len(prefix):
                return prefix
        return None

    # Rules called by modules

    def _of_rule_call(self, name: str, usage: ModuleRepoRuleUsage) -> Repository:
        said = usage.usage
        mapping = self._graph.mapping_of(usage.module)
        rule = self._exported(usage.label, said.rule, said.place)
        if not isinstance(rule, RepositoryRule):
            raise NotAnExtension(f"`{said.rule}` of `{said.file}` is no repository rule", place=said.place)
        given = {key: shown_value(value) for key, value in said.arguments.items()}
        labels = LabelReader(PackageId(usage.module, ""), mapping)
        made = rule.call(said.name, given, labels, said.place)
        return self._make(name, made, mapping)

    # Extensions

    def _of_extension(self, name: str, prefix: str, usages: Sequence[ModuleExtensionUsage]) -> Repository | None:
        calls = self._calls(prefix, usages)
        exported = name[len(prefix) :]
        found = calls.get(exported)
        if found is None:
            for usage in usages:
                if exported in usage.usage.imports.values():
                    raise UngeneratedRepository(
                        f"extension `{usage.usage}` makes no repository `{exported}`",
                        place=usage.usage.place,
                        hint=did_you_mean(exported, calls)
                        or "take the name out of `use_repo`, or add the tag that makes it",
                    )
            return None
        return self._make(name, found, self._extension_mapping(prefix, usages, calls))

    def _extension_mapping(
        self, prefix: str, usages: Sequence[ModuleExtensionUsage], calls: Mapping[str, RepositoryCall]
    ) -> Mapping[str, str]:
        """What repositories of an extension see: what its module does, and each other by their own names."""
        host = self._label(usages[0].label, usages[0].usage.place).repository
        return {**self._graph.mapping_of(host), **{name: prefix + name for name in calls}, **usages[0].replaced}

    def _calls(self, prefix: str, usages: Sequence[ModuleExtensionUsage]) -> Mapping[str, RepositoryCall]:
        key = ExtensionKey(prefix, str(usages[0].usage))
        return self._memo.compute(key, lambda: self._run_extension(prefix, usages))

    def _run_extension(self, prefix: str, usages: Sequence[ModuleExtensionUsage]) -> Mapping[str, RepositoryCall]:
        first = usages[0]
        label = self._label(first.label, first.usage.place)
        extension = self._exported(first.label, first.usage.name, first.usage.place)
        if not isinstance(extension, ModuleExtension):
            raise NotAnExtension(
                f"`{first.usage.name}` of `{first.usage.file}` is no module extension", place=first.usage.place
            )
        modules: list[Struct] = []
        mapping = self._repositories.get(label.repository).mapping
        texts = [self._bzl().load(label).digest, str(first.usage.isolate), repr(sorted(mapping.items()))]
        for name in self._graph.modules:
            found, text = self._module(extension, name, usages)
            texts.append(text)
            if found is not None:
                modules.append(found)
        key = hashlib.sha256("\0".join(texts).encode("utf-8", "surrogateescape")).hexdigest()
        kept = self._store.recall(prefix, key)
        calls = decode_calls(kept, self._global) if kept is not None else None
        if calls is not None:
            return calls
        inputs: dict[Input, None] = {}

        def note(one: Input) -> None:
            inputs[one] = None

        run = ExtensionRun(LabelReader(label.package, mapping), {})
        directory = self._scratch / prefix
        remove(directory)
        directory.mkdir(parents=True)
        try:
            context = ModuleContext(
                directory,
                self._services(prefix.rstrip("+")),
                note,
                modules,
                is_isolated=first.usage.isolate,
                root_has_non_dev=any(one.module == "" and not one.usage.dev_dependency for one in usages),
                facts=read_facts(self._store.facts(prefix)),
            )
            for name in extension.environ:
                note(("variable", name))
            self._events.emit(PhaseStarted("fetching"))
            self._events.emit(PhaseProgress(0, None, str(first.usage)))
            try:
                result = call(self._thread(run), extension.implementation, [context])
            except VenvshipError as error:
                error.chain = (*error.chain, f"in extension `{first.usage}`, used at {first.usage.place}")
                raise
        finally:
            remove(directory)
        if result is not None and not isinstance(result, ExtensionMetadata):
            raise EvaluationError(
                f"expected the implementation of extension `{first.usage}` to return None or extension_metadata, "
                f"got {type_name(result)}"
            )
        self._store.keep_facts(prefix, "{}" if result is None else result.facts)
        self._store.remember(prefix, key, inputs, encode_calls(run.calls))
        return run.calls

    def _global(self, file: Label, name: str) -> object:
        try:
            return self._bzl().load(file).globals.get(name)
        except UserError:
            return None

    def _module(
        self, extension: ModuleExtension, name: str, usages: Sequence[ModuleExtensionUsage]
    ) -> tuple[Struct | None, str]:
        """One element of `module_ctx.modules`, None without a usage; and a text that is equal for equal ones."""
        own = [usage for usage in usages if usage.module == name]
        if not own:
            return None, ""
        module = self._graph.modules[name]
        labels = LabelReader(PackageId(name, ""), module.mapping)
        tags, text = tags_of(extension, str(own[0].usage), [tag for usage in own for tag in usage.usage.tags], labels)
        called = module.file.name or name
        fields = {"name": called, "version": module.file.version, "is_root": name == "", "tags": tags}
        non_dev = any(not usage.usage.dev_dependency for usage in own)
        return Struct(fields), f"{name}\0{called}\0{module.file.version}\0{non_dev}\0{text}"

    # Making

    def _make(self, name: str, made: RepositoryCall, mapping: Mapping[str, str]) -> Repository:
        rule = made.rule
        assert rule.file is not None
        module = self._bzl().load(rule.file)
        variables = "".join(f"{variable}={self._observer.state(('variable', variable))}\0" for variable in rule.environ)
        key = f"{module.digest}\0{rule.file.canonical}%{rule.name}\0{stable_text(made.attributes)}\0{variables}"

        def make(making: Making) -> None:
            self._events.emit(PhaseStarted("fetching"))
            self._events.emit(PhaseProgress(0, None, f"@@{name}"))
            making.keep = not rule.local
            context = RepositoryContext(name, made, making, self._services(name))
            try:
                result = call(self._thread(making), rule.implementation, [context])
            except VenvshipError as error:
                error.chain = (*error.chain, f"while making repository `@@{name}`, asked for at {made.place}")
                raise
            if result is not None and type(result) not in DICTS and not isinstance(result, RepositoryMetadata):
                raise EvaluationError(
                    f"the implementation of repository rule `{rule.name}` returned a {type_name(result)}"
                )

        root = self._store.obtain(name, key, make)
        return Repository(name, mapping, root=str(root))

    def _thread(self, context: object) -> Thread:
        return Thread(print_handler=self._print, context=context, source_line=self._bzl().source_line)

    def _services(self, shown: str) -> Services:
        def report(text: str) -> None:
            self._events.emit(PhaseProgress(0, None, f"@@{shown}: {text}") if text else PhaseProgress(0, None, shown))

        def tell(text: str) -> None:
            self._events.emit(Message(Severity.INFO, text))

        return Services(self._files, self._children, self._observer, self.path_of, report, tell, self._workspace)

    def path_of(self, label: Label) -> str:
        """Where the file of a label is; obtains its repository."""
        repository = self._repositories.get(label.repository)
        if repository.root is None:
            raise UserError(f"repository `@@{label.repository}` has no files, so `{label}` has no path")
        return join_host(repository.root, join(label.package.path, label.name))

    def _label(self, text: str, place: Place) -> Label:
        try:
            return Label.parse(text, relative_to=PackageId("", ""))
        except InvalidLabel as error:
            error.place = place
            raise

    def _exported(self, label: str, name: str, place: Place) -> object:
        file = self._label(label, place)
        try:
            exports = self._bzl().load(file).exports
        except VenvshipError as error:
            error.place = error.place or place
            raise
        if name not in exports:
            hint = did_you_mean(name, exports)
            raise NotAnExtension(f"`{file}` does not define `{name}`", place=place, hint=hint)
        return exports[name]
