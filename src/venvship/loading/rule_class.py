"""Rule classes: what `py_library` is, as against the targets made with it.

A rule class knows its attributes and nothing of analysis; its implementation is carried along unopened.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Mapping
from dataclasses import field

from venvship.dataclass import dataclass
from venvship.loading.attributes import AttributeSpec, AttributeType, PlainValue, labels_in
from venvship.loading.implicit_outputs import ImplicitOutputs, OutputTemplates
from venvship.model.label import Label
from venvship.model.provider import TemplateVariableInfo

TEST_SIZES = ("small", "medium", "large", "enormous")
TEST_TIMEOUTS = ("short", "moderate", "long", "eternal")


def _timeout_of_size(values: Mapping[str, PlainValue]) -> PlainValue:
    return TEST_TIMEOUTS[TEST_SIZES.index(str(values["size"]))]


EXEC_COMPATIBLE_WITH = "exec_compatible_with"
EXEC_GROUP_COMPATIBLE_WITH = "exec_group_compatible_with"
TEST_GROUP = "test"
"""The group of actions that every test has: that which runs it."""

_COMMON = (
    AttributeSpec("name", AttributeType.STRING, mandatory=True, configurable=False),
    AttributeSpec("visibility", AttributeType.STRING_LIST, configurable=False),
    AttributeSpec("tags", AttributeType.STRING_LIST, configurable=False),
    AttributeSpec("testonly", AttributeType.BOOL, configurable=False),
    AttributeSpec("deprecation", AttributeType.STRING, configurable=False),
    AttributeSpec("features", AttributeType.STRING_LIST),
    AttributeSpec("licenses", AttributeType.STRING_LIST, configurable=False),
    AttributeSpec("compatible_with", AttributeType.LABEL_LIST, configurable=False),
    AttributeSpec("restricted_to", AttributeType.LABEL_LIST, configurable=False),
    AttributeSpec("target_compatible_with", AttributeType.LABEL_LIST),
    AttributeSpec(EXEC_COMPATIBLE_WITH, AttributeType.LABEL_LIST),
    AttributeSpec(EXEC_GROUP_COMPATIBLE_WITH, AttributeType.LABEL_LIST_DICT),
    AttributeSpec("exec_properties", AttributeType.STRING_DICT),
    AttributeSpec("toolchains", AttributeType.LABEL_LIST, providers=(frozenset({TemplateVariableInfo}),)),
    AttributeSpec("package_metadata", AttributeType.LABEL_LIST, configurable=False),
    AttributeSpec("applicable_licenses", AttributeType.LABEL_LIST, configurable=False),
    AttributeSpec("aspect_hints", AttributeType.LABEL_LIST),
)
_EXECUTABLE = (AttributeSpec("args", AttributeType.STRING_LIST),)
_TEST = (
    AttributeSpec("size", AttributeType.STRING, default="medium", values=TEST_SIZES, configurable=False),
    AttributeSpec(
        "timeout",
        AttributeType.STRING,
        values=("", *TEST_TIMEOUTS),
        computed_default=_timeout_of_size,
        configurable=False,
    ),
    AttributeSpec("flaky", AttributeType.BOOL),
    AttributeSpec("shard_count", AttributeType.INT, default=-1),
    AttributeSpec("local", AttributeType.BOOL),
)
_TESTONLY_TEST = AttributeSpec("testonly", AttributeType.BOOL, default=True, configurable=False)

COMMON_ATTRIBUTE_NAMES = frozenset(spec.name for spec in (*_COMMON, *_EXECUTABLE, *_TEST))
"""Attributes that a rule class has without naming them (the last ones only if it is executable or a test)."""


@dataclass(frozen=True, slots=True)
class ToolchainRequirement:
    """A toolchain type that targets of a rule class ask for; `mandatory` ones must be found.

    `spelled` is what the file says that defines the rule, if it says it by a text.
    """

    type: Label
    mandatory: bool = True
    spelled: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True)
class ExecGroup:
    """Actions of a rule that run on one platform: the toolchains they need, and the constraint values it must have."""

    toolchains: tuple[ToolchainRequirement, ...] = ()
    exec_compatible_with: tuple[Label, ...] = ()


NO_WISHES = ExecGroup()
"""Actions that any platform serves."""


@dataclass(frozen=True, slots=True)
class BuildSetting:
    """Makes targets of a rule class into settings; `is_flag` ones are set on the command line.

    Targets with an `option` are names of that one option of configurations, which holds strings as they are.
    """

    type: AttributeType
    is_flag: bool = False
    allow_multiple: bool = False
    option: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class RuleClass:
    """A kind of target. Two rule classes are the same only if they are one object.

    Attributes that every rule has are added to `own_attributes`, which win over them. `implementation`,
    `transition` and `computed_dependencies` belong to analysis and are opaque here. `implicit_outputs` names files
    that every target makes. `defined_in` is the `.bzl` file of a rule written in Starlark.
    `provides` are the keys of providers that every target has, `actions` is the group of the actions that belong to
    none of `exec_groups`. The attributes of an aspect are a class, too, with `is_aspect`, which has no targets.
    Rules of `.bzl` files may extend built-in rules that are `is_extendable`.
    """

    name: str
    own_attributes: tuple[AttributeSpec, ...] = ()
    implementation: object = None
    is_test: bool = False
    is_executable: bool = False
    transition: object = None
    computed_dependencies: object = None
    implicit_outputs: ImplicitOutputs = field(default_factory=OutputTemplates)
    defined_in: Label | None = None
    doc: str = ""
    provides: frozenset[Hashable] = frozenset()
    actions: ExecGroup = NO_WISHES
    exec_groups: Mapping[str, ExecGroup] = field(default_factory=dict)
    build_setting: BuildSetting | None = None
    is_analysis_test: bool = False
    is_aspect: bool = False
    is_extendable: bool = False
    attributes: Mapping[str, AttributeSpec] = field(init=False)
    mandatory: tuple[str, ...] = field(init=False)
    """Attributes that each target must set, except its name."""
    public: Mapping[str, AttributeSpec] = field(init=False)
    """The attributes that targets may set."""
    defaults: Mapping[str, PlainValue] = field(init=False)
    """The values of all attributes of a target that sets none of them."""
    dependency_attributes: Mapping[str, AttributeSpec] = field(init=False)
    output_attributes: Mapping[str, AttributeSpec] = field(init=False)
    executable_attributes: Mapping[str, AttributeSpec] = field(init=False)
    default_labels: Mapping[str, tuple[Label, ...]] = field(init=False)
    """What targets depend on where they do not say it themselves, by attribute."""

    def __post_init__(self) -> None:
        common: Iterable[AttributeSpec] = _COMMON
        if self.is_aspect:
            common = ()
        elif self.is_test:
            common = (*_COMMON, *_EXECUTABLE, *_TEST, _TESTONLY_TEST)
        elif self.is_executable:
            common = (*_COMMON, *_EXECUTABLE)
        specs = {spec.name: spec for spec in (*common, *self.own_attributes)}
        object.__setattr__(self, "attributes", specs)
        # Asked for each target that is loaded or analysed.
        object.__setattr__(self, "public", {name: spec for name, spec in specs.items() if not spec.is_private})
        object.__setattr__(self, "defaults", {name: spec.default_value for name, spec in specs.items()})
        mandatory = tuple(name for name, spec in specs.items() if spec.mandatory and name != "name")
        object.__setattr__(self, "mandatory", mandatory)
        dependencies = {name: spec for name, spec in specs.items() if spec.type.holds_dependencies}
        object.__setattr__(self, "dependency_attributes", dependencies)
        defaults = {name: labels for name in sorted(dependencies) if (labels := labels_in(specs[name].default))}
        object.__setattr__(self, "default_labels", defaults)
        outputs = {name: spec for name, spec in specs.items() if spec.type.holds_outputs}
        object.__setattr__(self, "output_attributes", outputs)
        executables = {name: spec for name, spec in specs.items() if spec.executable}
        object.__setattr__(self, "executable_attributes", executables)

    @property
    def toolchains(self) -> tuple[ToolchainRequirement, ...]:
        """The toolchain types of actions without a group, which `ctx.toolchains` has."""
        return self.actions.toolchains

    @property
    def computed_defaults(self) -> Iterable[AttributeSpec]:
        """The attributes whose defaults depend on the values of others."""
        return [spec for spec in self.attributes.values() if spec.computed_default is not None]

    def __str__(self) -> str:
        return self.name

    @property
    def noun(self) -> str:
        """How messages about what an implementation returned call this class."""
        return f"{'aspect' if self.is_aspect else 'rule'} '{self.name}'"

    @property
    def kind(self) -> str:
        """What `query --output=label_kind` calls targets of this class."""
        return f"{self.name} rule"
