"""`config`: how dependencies are configured, and what makes a rule a build setting."""

from __future__ import annotations

from typing import Final

from venvship.dataclass import dataclass
from venvship.loading.attributes import AttributeType
from venvship.loading.rule_class import BuildSetting
from venvship.starlark.builtin import Builtin, builtin
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.printer import Printer
from venvship.starlark.structs import Struct


@dataclass(frozen=True, slots=True)
class ExecTransition:
    """What an attribute says whose dependencies are programs that actions run: those of a group, or the others."""

    group: str = ""


EXEC: Final = ExecTransition()


class StandardTransition:
    """`config.target()` and `config.none()`."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def _standard(name: str) -> Builtin:
    return Builtin(name, lambda: StandardTransition(name))


@builtin("exec")
def _exec(exec_group: str | None = None) -> ExecTransition:
    return ExecTransition(exec_group or "")


def _setting(name: str, kind: AttributeType) -> Builtin:
    def make(*, flag: bool = False, allow_multiple: bool = False, repeatable: bool = False) -> BuildSetting:
        return BuildSetting(kind, flag, allow_multiple or repeatable)

    return Builtin(name, make)


CONFIG = Struct(
    {
        "exec": _exec,
        "target": _standard("target"),
        "none": _standard("none"),
        "bool": _setting("bool", AttributeType.BOOL),
        "int": _setting("int", AttributeType.INT),
        "string": _setting("string", AttributeType.STRING),
        "string_list": _setting("string_list", AttributeType.STRING_LIST),
        "string_set": _setting("string_set", AttributeType.STRING_SET),
    }
)


class LateBoundDefault:
    """`configuration_field(...)`: a default that stands for a tool of a language."""

    __slots__ = ("field", "fragment")

    def __init__(self, fragment: str, field: str) -> None:
        self.fragment = fragment
        self.field = field


@builtin("configuration_field")
def configuration_field(fragment: str, name: str) -> LateBoundDefault:
    """A default that only the configuration tells."""
    return LateBoundDefault(fragment, name)


def read_transition(cfg: Value) -> object:
    """What `AttributeSpec.transition` or `RuleClass.transition` holds for a `cfg` argument."""
    if cfg is None or cfg == "target":
        return None
    if isinstance(cfg, ExecTransition):
        return cfg
    if isinstance(cfg, str):
        if cfg in ("exec", "host"):
            return EXEC
        raise EvaluationError(f"cfg must be either 'target', 'exec' or a transition, not '{cfg}'")
    if isinstance(cfg, StandardTransition):
        return None
    if "transition" not in type_name(cfg).lower():
        raise EvaluationError(f"cfg must be either 'target', 'exec' or a transition, not {type_name(cfg)}")
    return cfg


def _print_transition(transition: StandardTransition, printer: Printer) -> None:
    printer.write(f"<{transition.name} transition>")


def _print_exec(transition: ExecTransition, printer: Printer) -> None:
    printer.write("<exec transition>")


register(ExecTransition, HostType(name="ExecTransitionFactory", repr=_print_exec))
register(StandardTransition, HostType(name="ExecTransitionFactory", repr=_print_transition))
register(LateBoundDefault, HostType(name="LateBoundDefault"))
register(BuildSetting, HostType(name="BuildSetting"))
