"""`repository_rule()`: rules that make whole repositories, and calls of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import FunctionType

from venvship.dataclass import dataclass
from venvship.errors import Place
from venvship.loading.attribute_values import LabelReader
from venvship.loading.attributes import AttributeSpec, PlainValue
from venvship.loading.exporting import Exportable
from venvship.loading.named_values import read_specs, read_values
from venvship.model.label import Label
from venvship.starlark.builtin import builtin
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.printer import Printer
from venvship.starlark.thread import current_thread

_REPOSITORY_CHARACTERS = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-")


class RepositoryRule(Exportable):
    """A kind of repository. `local` ones are made anew by every command; `environ` are variables that they read."""

    __slots__ = ("environ", "file", "implementation", "local", "name", "specs")

    def __init__(
        self, implementation: Value, specs: Mapping[str, AttributeSpec], environ: tuple[str, ...], *, local: bool
    ) -> None:
        self.implementation = implementation
        self.specs = specs
        self.environ = environ
        self.local = local
        self.file: Label | None = None
        self.name = ""

    def export(self, file: Label, name: str) -> None:
        if self.file is None:
            self.file, self.name = file, name

    def call(self, name: str, given: Mapping[str, Value], labels: LabelReader, place: Place) -> RepositoryCall:
        """A repository of this kind; raises what is wrong with its attributes."""
        if self.file is None:
            raise EvaluationError("a repository rule must be bound to a global name of its .bzl file")
        if not name or not set(name) <= _REPOSITORY_CHARACTERS or name.startswith((".", "-")):
            raise EvaluationError(f"invalid repository name '{name}'")
        values = read_values(f"repository rule `{self.name}`", self.specs, given, labels, place)
        return RepositoryCall(self, name, values, place)


@dataclass(frozen=True, slots=True, eq=False)
class RepositoryCall:
    """A repository to be made; `name` is what whoever calls the rule calls it."""

    rule: RepositoryRule
    name: str
    attributes: Mapping[str, PlainValue]
    place: Place


@dataclass(slots=True, eq=False)
class ExtensionRun:
    """A module extension while it runs: the context of its thread, which collects calls of repository rules."""

    labels: LabelReader
    calls: dict[str, RepositoryCall]


@builtin("repository_rule")
def make_repository_rule(
    implementation: Value,
    *,
    attrs: Mapping[str, Value] | None = None,
    local: bool = False,
    environ: Sequence[str] = (),
    configure: bool = False,
    remotable: bool = False,
    doc: str | None = None,
) -> RepositoryRule:
    """A kind of repository, made by the function `implementation`."""
    if type(implementation) is not FunctionType:
        raise EvaluationError(
            f"in call to repository_rule(), parameter 'implementation' got value of type "
            f"'{type_name(implementation)}', want 'function'"
        )
    return RepositoryRule(implementation, read_specs(attrs), tuple(environ), local=local)


def _call(rule: RepositoryRule, /, *args: Value, **kwargs: Value) -> None:
    run = current_thread().context
    if not isinstance(run, ExtensionRun):
        raise EvaluationError(
            "repository rules can only be called from the implementation of a module extension, or through "
            "use_repo_rule() in MODULE.bazel"
        )
    if args:
        raise EvaluationError("unexpected positional arguments; attributes are given by name")
    name = kwargs.pop("name", None)
    if type(name) is not str:
        raise EvaluationError(f"a repository needs a text for `name`, not {type_name(name)}")
    present = run.calls.get(name)
    if present is not None:
        raise EvaluationError(f"a repository named '{name}' is already made by this extension, at {present.place}")
    run.calls[name] = rule.call(name, kwargs, run.labels, current_thread().caller_place())


def _repr(rule: RepositoryRule, printer: Printer) -> None:
    printer.write(f"<repository rule {rule.name}>" if rule.name else "<anonymous starlark repository rule>")


register(RepositoryRule, HostType(name="repository_rule", call=_call, repr=_repr))
