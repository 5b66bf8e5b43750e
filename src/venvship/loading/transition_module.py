"""`transition()`: functions of `.bzl` files that change the configuration of a target or of its dependencies."""

from __future__ import annotations

from collections.abc import Sequence
from types import FunctionType
from typing import Final

from venvship.dataclass import dataclass
from venvship.errors import Place
from venvship.loading.attr_module import label_reader
from venvship.loading.evaluation import Evaluator
from venvship.model.label import InvalidLabel, Label
from venvship.starlark.builtin import Builtin
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.thread import current_thread

NATIVE_OPTION: Final = "//command_line_option:"


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting as a transition names it: `text` is the key in its dictionaries; `label` is None for native options."""

    text: str
    label: Label | None

    @property
    def native(self) -> str:
        """The name of a native option."""
        return self.text.removeprefix(NATIVE_OPTION)


@dataclass(frozen=True, slots=True, eq=False)
class TransitionDefinition:
    """A transition, which `evaluator` carries out."""

    implementation: Value
    inputs: tuple[Setting, ...]
    outputs: tuple[Setting, ...]
    place: Place
    evaluator: Evaluator


def transition_builtin(evaluator: Evaluator) -> Builtin:
    """`transition`, whose functions are called by `evaluator`."""

    def transition(*, implementation: Value, inputs: Sequence[str], outputs: Sequence[str]) -> TransitionDefinition:
        if type(implementation) is not FunctionType:
            raise EvaluationError(
                "in call to transition(), parameter 'implementation' got value of type "
                f"'{type_name(implementation)}', want 'function'"
            )
        return TransitionDefinition(
            implementation,
            tuple(read_setting(text) for text in inputs),
            tuple(read_setting(text) for text in outputs),
            current_thread().caller_place(),
            evaluator,
        )

    return Builtin("transition", transition)


def read_setting(text: str) -> Setting:
    """A setting by the name that a transition gives it."""
    if text.startswith(NATIVE_OPTION):
        return Setting(text, None)
    try:
        return Setting(text, label_reader().read(text))
    except InvalidLabel as error:
        raise EvaluationError(f"invalid transition setting: {error.message}", hint=error.hint) from error


register(TransitionDefinition, HostType(name="transition"))
