"""`label_flag` and `label_setting`: build settings whose value is a target."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venvship.analysis.build_settings import DEFAULT_ATTRIBUTE
from venvship.loading.attributes import NO_EDGE, AttributeSpec, AttributeType, PlainValue
from venvship.loading.rule_class import RuleClass
from venvship.model.configuration import Configuration
from venvship.model.label import Label
from venvship.rules import attributes


def _actual(
    label: Label, values: Mapping[str, PlainValue], configuration: Configuration
) -> Mapping[str, Sequence[Label]]:
    """The target that the setting stands for: that of the configuration, or its default."""
    text = configuration.get(label.canonical)
    if text:
        return {"actual": [Label.parse(text, relative_to=label.package)]}
    default = values[DEFAULT_ATTRIBUTE]
    return {"actual": [default] if isinstance(default, Label) else []}


def _rule(name: str) -> RuleClass:
    default = AttributeSpec(
        DEFAULT_ATTRIBUTE, AttributeType.LABEL, mandatory=True, allow_files=True, transition=NO_EDGE
    )
    return RuleClass(name, (default, attributes.string("scope", "universal")), computed_dependencies=_actual)


LABEL_FLAG = _rule("label_flag")
LABEL_SETTING = _rule("label_setting")
