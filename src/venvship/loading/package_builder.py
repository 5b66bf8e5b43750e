"""Collects what one BUILD file declares, with every problem of it."""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import cast

from venvship.errors import Place, SeveralErrors, UserError, VenvshipError
from venvship.loading.absent_values import absent_in, unbuildable
from venvship.loading.attribute_values import AttributeProblem, AttributeReader, LabelReader, shown
from venvship.loading.attributes import AttributeType, AttributeValue, Choice, Select, labels_in
from venvship.loading.globs import PackageFiles
from venvship.loading.nearest import did_you_mean
from venvship.loading.package import Package
from venvship.loading.repo_file import RepositoryDefaults
from venvship.loading.repositories import Repository
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import Generator, OutputFileTarget, PackageGroup, RuleTarget, SourceFileTarget, Target
from venvship.loading.visibility import PRIVATE, PUBLIC, Visibility
from venvship.loading.visibility_values import read_package_patterns, read_visibility
from venvship.model.label import InvalidLabel, Label, PackageId, target_name_problem
from venvship.model.paths import join, parent
from venvship.starlark.host_types import Value


class DuplicateTarget(UserError):
    """Two declarations of one package want the same name."""

    def __init__(self, label: Label, first: Target, second_kind: str, place: Place) -> None:
        super().__init__(
            f"{second_kind} `{label}` conflicts with the {first.kind} of the same name, declared at {first.place}",
            place=place,
        )
        self.label = label


class NestedOutput(UserError):
    """An output lies below another one."""

    def __init__(self, output: OutputFileTarget, above: OutputFileTarget) -> None:
        super().__init__(
            f"output `{output.label}` of `{output.generating_rule}` lies below output `{above.label}` of "
            f"`{above.generating_rule}`, declared at {above.place}",
            place=output.place,
            hint="rename one of the outputs",
        )


class CrossesPackageBoundary(UserError):
    """A label reaches into a directory that is a package itself."""

    def __init__(self, label: Label, subpackage: PackageId, place: Place | None) -> None:
        rest = f"{label.package.path}/{label.name}".lstrip("/")[len(subpackage.path) + 1 :]
        super().__init__(
            f"label `{label}` crosses the boundary of the package `{subpackage}`",
            place=place,
            hint=f"did you mean `{subpackage}:{rest}`?",
        )


class PackageBuilder:
    """One package while its BUILD file runs."""

    def __init__(
        self,
        package: PackageId,
        repository: Repository,
        build_file: str,
        files: PackageFiles | None,
        defaults: RepositoryDefaults,
        *,
        module_name: str | None = None,
        module_version: Callable[[], str | None] = lambda: None,
    ) -> None:
        self.id = package
        self.repository = repository
        self.build_file = build_file
        self.files = files
        self.labels = LabelReader(package, repository.mapping)
        self.module_name = module_name
        self.module_version = module_version
        self.default_visibility = defaults.visibility
        self.default_testonly = defaults.testonly
        self.default_deprecation = defaults.deprecation
        self.features = defaults.features
        self.package_place: Place | None = None
        self.errors: list[VenvshipError] = []
        self.finalizers: list[Value] = []
        """Calls that wait for the end of the BUILD file."""
        self.is_finishing = False
        self.has_printed = False
        self._macros: tuple[PackageId, ...] = ()
        self._targets: dict[str, Target] = {}
        self._stand_ins: set[str] = set()
        # Names whose declaration failed: declared all the same, so that nobody is told that they are missing.
        self._broken: set[str] = set()

    @property
    def rules(self) -> Iterable[RuleTarget]:
        return (target for target in self._targets.values() if isinstance(target, RuleTarget))

    def rule(self, name: str) -> RuleTarget | None:
        target = self._targets.get(name)
        return target if isinstance(target, RuleTarget) else None

    def add_stand_in(self, name: str, declare: Callable[[], None]) -> None:
        """Declare a target that gives way to any other one of its name."""
        if name not in self._targets:
            declare()
            self._stand_ins.add(name)

    @contextmanager
    def inside_macro_of(self, package: PackageId | None) -> Iterator[None]:
        """Targets that are declared meanwhile see what that package sees."""
        outer = self._macros
        if package is not None and package != self.id and package not in outer:
            self._macros = (*outer, package)
        try:
            yield
        finally:
            self._macros = outer

    def report(self, error: VenvshipError, place: Place) -> None:
        """Remember a problem; the package goes on to be read, to find the others."""
        if error.place is None:
            error.place = place
        self.errors.append(error)

    def add_rule(
        self, rule_class: RuleClass, given: Mapping[str, Value], place: Place, generator: Generator | None = None
    ) -> None:
        """Declare a target; problems are reported, not raised."""
        known = len(self.errors)
        self._add_rule(rule_class, given, place, generator)
        if generator is not None:
            for error in self.errors[known:]:
                error.chain = (*error.chain, f"in macro `{generator.function}`, at {generator.place}")

    def _add_rule(
        self, rule_class: RuleClass, given: Mapping[str, Value], place: Place, generator: Generator | None
    ) -> None:
        name = given.get("name")
        problem = _name_problem(name)
        if type(name) is not str or problem is not None:
            self.report(AttributeProblem(f"{problem} in '{rule_class}' rule"), place)
            return
        label = Label(self.id, name)
        problems = len(self.errors)
        attributes = self._attributes(rule_class, label, given, place)
        visibility = self._visibility(given.get("visibility"), label, place)
        if rule_class.name == "config_setting" and given.get("visibility") is None:
            visibility = PUBLIC
        if len(self.errors) > problems:
            unknown = absent_in(given)
            if unknown is None:
                self._broken.add(name)
                return
            del self.errors[problems:]
            reason = f"`{unknown.name}` is not known: {unknown.absent.reason}"
            unbuildable(unknown, given, kind=rule_class.name, reason=reason)
            return
        target = RuleTarget(
            label,
            rule_class,
            attributes,
            place,
            visibility,
            generator,
            self.repository.mapping,
            self._macros,
            self.features,
        )
        # A rule may bear the name of one of its outputs; the name then means the rule.
        self._declare(target)
        for output in self._outputs(target):
            if output.name == posixpath.basename(self.build_file):
                self.report(
                    AttributeProblem(f"generated file '{output.name}' in rule '{name}' conflicts with the BUILD file"),
                    place,
                )
            elif output.name != name:
                self._declare(OutputFileTarget(output, place, visibility, label))

    def export_files(self, names: Iterable[str], visibility: Value, place: Place) -> None:
        """Let other packages name files of this one."""
        for name in names:
            try:
                label = self.labels.read(name)
                if label.package != self.id:
                    raise InvalidLabel(name, "only files of this package can be exported")
                seen_by = PUBLIC if visibility is None else read_visibility(visibility, self.labels)
            except UserError as error:
                self.report(error, place)
                continue
            present = self._targets.get(label.name)
            if isinstance(present, SourceFileTarget) and present.visibility == seen_by:
                continue
            self._declare(SourceFileTarget(label, place, seen_by))

    def add_package_group(
        self, name: str, packages: tuple[str, ...], includes: tuple[str | Label, ...], place: Place
    ) -> None:
        reason = target_name_problem(name)
        if reason is not None:
            self.report(InvalidLabel(name, reason), place)
            return
        try:
            is_public, wanted, excluded = read_package_patterns(packages, self.labels)
            included = tuple(one if isinstance(one, Label) else self.labels.read(one) for one in includes)
        except UserError as error:
            self.report(error, place)
            self._broken.add(name)
            return
        self._declare(PackageGroup(Label(self.id, name), place, wanted, excluded, included, is_public))

    def finish(
        self,
        loads: tuple[Label, ...] = (),
        digest_of: Callable[[Label], str] | None = None,
        symbols: Mapping[Label, tuple[str, ...]] | None = None,
    ) -> Package:
        """The package, with the files that its rules name; raises everything that was reported.

        `loads` and `symbols` are those of `Package`, `digest_of` gives the digest of a `.bzl` file that was loaded.
        """
        self._add_named_files()
        self._check_outputs()
        if self.errors:
            errors = list({(str(error.place), error.message): error for error in self.errors}.values())
            raise errors[0] if len(errors) == 1 else SeveralErrors(errors)
        definitions = {
            rule.rule_class.defined_in: None for rule in self.rules if rule.rule_class.defined_in is not None
        }
        return Package(
            self.id,
            self.build_file,
            self._targets,
            self.default_visibility,
            loads,
            self.features,
            {} if digest_of is None else {file: digest_of(file) for file in definitions},
            symbols or {},
        )

    def _attributes(
        self, rule_class: RuleClass, label: Label, given: Mapping[str, Value], place: Place
    ) -> dict[str, AttributeValue]:
        reader = AttributeReader(f"'{rule_class.name}' rule", self.labels)
        specs = rule_class.public
        converted: dict[str, AttributeValue] = {}
        for name, value in given.items():
            if value is None or name in ("name", "visibility"):
                continue
            spec = specs.get(name)
            if spec is None:
                problem = AttributeProblem(
                    f"{label}: no such attribute '{name}' in '{rule_class}' rule", hint=did_you_mean(name, specs)
                )
                self.report(problem, place)
                continue
            try:
                converted[name] = reader.read(spec, value)
            except AttributeProblem as error:
                self.report(AttributeProblem(f"{label}: {error.message}", hint=error.hint), place)
        for name in rule_class.mandatory:
            if given.get(name) is None:
                self.report(
                    AttributeProblem(f"{label}: missing value for mandatory attribute '{name}' in '{rule_class}' rule"),
                    place,
                )
        if self.default_testonly and "testonly" not in converted:
            converted["testonly"] = True
        if self.default_deprecation and "deprecation" not in converted:
            converted["deprecation"] = self.default_deprecation
        return converted

    def _visibility(self, value: Value, label: Label, place: Place) -> Visibility:
        if value is None:
            return self.default_visibility
        try:
            return read_visibility(value, self.labels)
        except UserError as error:
            self.report(AttributeProblem(f"{label}: {error.message}", hint=error.hint), place)
            return PRIVATE

    def _outputs(self, target: RuleTarget) -> Iterable[Label]:
        outputs = target.rule_class.output_attributes
        for name, value in target.attributes.items() if outputs else ():
            if name in outputs and not isinstance(value, Select):
                yield from labels_in(value)
        for name in target.implicit_outputs().values():
            yield Label(self.id, name)

    def _declare(self, target: Target) -> None:
        present = self._targets.get(target.label.name)
        if present is not None and target.label.name not in self._stand_ins:
            self.report(DuplicateTarget(target.label, present, target.kind, target.place), target.place)
            return
        self._stand_ins.discard(target.label.name)
        self._targets[target.label.name] = target

    def _check_outputs(self) -> None:
        """No output may lie below another one, which would have to be a file and a directory."""
        outputs = {name: one for name, one in self._targets.items() if isinstance(one, OutputFileTarget)}
        for name, output in outputs.items():
            above = parent(name)
            while above and above not in outputs:
                above = parent(above)
            if above:
                self.report(NestedOutput(output, outputs[above]), output.place)

    def _add_named_files(self) -> None:
        """Files of this package that rules name need no declaration; no label may reach into another package."""
        if self.files is None:
            return
        for target in list(self._targets.values()):
            if "/" in target.label.name:
                self._check_boundary(target.label, target.place)
        start = Place(self.build_file, 1, 1)
        for rule in list(self.rules):
            for label in self._labels_of(rule):
                # Labels of this package that stand in it have its very own identity.
                if (label.package is not self.id and label.package != self.id) or label.name in self._targets:
                    continue
                if self._check_boundary(label, rule.place) and self.files.exists(label.name):
                    self._targets[label.name] = SourceFileTarget(label, start, self.default_visibility)

    def _check_boundary(self, label: Label, place: Place) -> bool:
        directory = None if self.files is None else self.files.boundary_in(label.name)
        if directory is None:
            return True
        inner = PackageId(self.id.repository, join(self.id.path, directory))
        self.report(CrossesPackageBoundary(label, inner, place), place)
        return False

    def _labels_of(self, rule: RuleTarget) -> Iterable[Label]:
        dependencies = rule.rule_class.dependency_attributes
        for name, defaults in rule.rule_class.default_labels.items():
            if name not in rule.attributes:
                yield from defaults
        for name, value in rule.attributes.items():
            spec = dependencies.get(name)
            if spec is None:
                continue
            if spec.type is AttributeType.LABEL_LIST and type(value) is tuple:
                yield from cast(tuple[Label, ...], value)
            elif isinstance(value, Select):
                for part in value.parts:
                    if isinstance(part, Choice):
                        for branch in part.branches.values():
                            yield from labels_in(branch)
                    else:
                        yield from labels_in(part)
            else:
                yield from labels_in(value)


def _name_problem(name: Value) -> str | None:
    if name is None:
        return "missing value for mandatory attribute 'name'"
    if type(name) is not str:
        return f"expected value of type 'string' for attribute 'name', but got {shown(name)}"
    reason = target_name_problem(name)
    return None if reason is None else f"invalid target name '{name}': {reason}"
