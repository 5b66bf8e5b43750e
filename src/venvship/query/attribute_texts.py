"""Values of attributes as text: for `attr` to search in, and for `--output=build` to print."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from venvship.loading.attributes import DEFAULT_CONDITION, AttributeValue, Choice, PlainValue, Select
from venvship.loading.targets import RuleTarget, Target
from venvship.model.label import Label
from venvship.query.label_names import LabelNames
from venvship.query.target_graph import branches


def possible_texts(target: Target, name: str, names: LabelNames) -> Iterable[str]:
    """Every text that an attribute may have; none if the target has no such attribute."""
    if name == "visibility":
        visibility = getattr(target, "visibility", None)
        return () if visibility is None else (str(visibility),)
    if not isinstance(target, RuleTarget):
        return ()
    if name == "generator_function":
        return (target.generator.function,) if target.generator else ()
    if name not in target.rule_class.attributes:
        return ()
    return [plain_text(value, names) for value in branches(target.value(name))]


def plain_text(value: PlainValue, names: LabelNames) -> str:
    """Lists as `[a, b]`, mappings as `{a=b}`, truth as 0 or 1."""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, Label):
        return names.name(value)
    if isinstance(value, tuple):
        return f"[{', '.join(plain_text(one, names) for one in value)}]"
    if isinstance(value, Mapping):
        pairs = (f"{plain_text(key, names)}={plain_text(one, names)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    return "" if value is None else str(value)


def build_text(value: AttributeValue, names: LabelNames) -> str:
    """A value as a BUILD file says it."""
    if isinstance(value, Select):
        return " + ".join(
            _choice_text(part, names) if isinstance(part, Choice) else build_text(part, names) for part in value.parts
        )
    if isinstance(value, Label):
        return _quoted(names.name(value))
    if isinstance(value, str):
        return _quoted(value)
    if isinstance(value, tuple):
        return f"[{', '.join(build_text(one, names) for one in value)}]"
    if isinstance(value, Mapping):
        pairs = (f"{build_text(key, names)}: {build_text(one, names)}" for key, one in value.items())
        return f"{{{', '.join(pairs)}}}"
    return str(value)


def _choice_text(choice: Choice, names: LabelNames) -> str:
    pairs = (
        f"{_quoted('//conditions:default' if label == DEFAULT_CONDITION else names.name(label))}: "
        f"{build_text(value, names)}"
        for label, value in choice.branches.items()
    )
    return f"select({{{', '.join(pairs)}}})"


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'
