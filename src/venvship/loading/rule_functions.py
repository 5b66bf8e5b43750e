"""Rule classes as functions that BUILD files and macros call."""

from __future__ import annotations

from collections.abc import Mapping

from venvship.loading.package_builder import PackageBuilder
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import Generator
from venvship.starlark.builtin import Builtin
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register
from venvship.starlark.printer import Printer
from venvship.starlark.thread import current_thread

_STEPS_OF_TARGET = 100


def rule_function(rule_class: RuleClass) -> Builtin:
    """Calling it declares a target of the rule class in the package that is being read."""
    name = rule_class.name

    def declare(*args: Value, **kwargs: Value) -> None:
        if args:
            raise EvaluationError("unexpected positional arguments; attributes are given by name")
        declare_target(rule_class, kwargs)

    declare.rule_class = rule_class  # type: ignore[attr-defined]
    return Builtin(name, declare)


def rule_class_behind(function: Builtin) -> RuleClass | None:
    """The rule class whose targets a function declares; None if it is another function."""
    found = getattr(function.function, "rule_class", None)
    return found if isinstance(found, RuleClass) else None


def declare_target(rule_class: RuleClass, given: Mapping[str, Value]) -> None:
    """Declare a target for the call of a rule that is in progress."""
    builder = package_in_progress(rule_class.name)
    thread = current_thread()
    thread.use_steps(_STEPS_OF_TARGET)
    stack = thread.call_stack()
    generator = Generator(stack[1].function, stack[-1].place) if len(stack) > 1 else None
    builder.add_rule(rule_class, given, stack[0].place, generator)


class Unsupported:
    """A name that files may mention and that nobody may use."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def package_in_progress(function: str) -> PackageBuilder:
    """The package whose BUILD file is running."""
    context = current_thread().context
    if not isinstance(context, PackageBuilder):
        raise EvaluationError(
            f"{function} can only be used while a BUILD file is evaluated, in it or in a macro that it calls"
        )
    return context


def _refuse_call(unsupported: Unsupported, /, *args: Value, **kwargs: Value) -> None:
    raise EvaluationError(f"`{unsupported.name}()` is not supported yet")


def _refuse_attribute(unsupported: Unsupported, name: str) -> object:
    raise EvaluationError(f"`{unsupported.name}.{name}` is not supported yet")


def _repr_unsupported(unsupported: Unsupported, printer: Printer) -> None:
    printer.write(f"<unsupported {unsupported.name}>")


register(
    Unsupported,
    HostType(
        name="unsupported",
        call=_refuse_call,
        dynamic_attr=_refuse_attribute,
        hashable=True,
        repr=_repr_unsupported,
    ),
)
