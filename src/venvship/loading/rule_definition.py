"""`rule()`: kinds of targets that `.bzl` files define."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from types import FunctionType

from venvship.errors import Place, UserError
from venvship.loading.absent_values import AbsentSymbol, absent_in
from venvship.loading.attr_module import AttributeDescriptor, label_reader
from venvship.loading.attributes import AttributeSpec
from venvship.loading.computed_defaults import ComputedDefault
from venvship.loading.config_module import read_transition
from venvship.loading.evaluation import Evaluator
from venvship.loading.exporting import Exportable
from venvship.loading.implicit_outputs import ImplicitOutputs, OutputFunction, OutputTemplates, read_templates
from venvship.loading.native_providers import ForeignProvider, provided_keys
from venvship.loading.rule_class import (
    COMMON_ATTRIBUTE_NAMES,
    BuildSetting,
    ExecGroup,
    RuleClass,
    ToolchainRequirement,
)
from venvship.loading.rule_extension import extending
from venvship.loading.rule_functions import declare_target, package_in_progress, rule_class_behind
from venvship.loading.rule_initializer import Initializer
from venvship.loading.subrule_definition import SubruleDefinition, attributes_of, read_subrules, toolchains_of
from venvship.model.label import InvalidLabel, Label
from venvship.starlark.builtin import Builtin, builtin
from venvship.starlark.calling import invoke
from venvship.starlark.containers import entries
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.printer import Printer
from venvship.starlark.thread import current_thread
from venvship.starlark.values import DICTS, Dict

MakeImplementation = Callable[[Value, tuple[SubruleDefinition, ...], object], object]
"""What `RuleClass.implementation` holds for an implementation function, the subrules that it may call, and what the
extended rule holds; analysis knows."""

_REPLACEABLE = frozenset(
    {
        "args",
        "deprecation",
        "exec_compatible_with",
        "exec_properties",
        "features",
        "licenses",
        "flaky",
        "local",
        "shard_count",
        "size",
        "tags",
        "target_compatible_with",
        "testonly",
        "timeout",
        "toolchains",
    }
)


class InvalidRuleName(UserError):
    """A rule is bound to a name that does not say what it is."""

    def __init__(self, name: str, *, is_test: bool, place: Place) -> None:
        super().__init__(
            f"invalid rule class name '{name}', test rule class names must end with '_test' and other rule classes "
            "must not",
            place=place,
            hint=f"call it `{name}_test`"
            if is_test
            else f"call it `{name.removesuffix('_test')}`, or set `test = True`",
        )


class RuleDefinition(Exportable):
    """A rule: becomes a rule class once it has a name, and declares a target when it is called."""

    __slots__ = ("_class", "_initializer", "_place", "_through", "is_extendable", "parent", "unnamed")

    def __init__(
        self,
        unnamed: RuleClass,
        initializer: Initializer | None,
        place: Place,
        *,
        parent: RuleDefinition | None = None,
        is_extendable: bool = True,
        through: Value = None,
    ) -> None:
        """`parent` is the rule that this one extends; calls are made by the function `through`, if there is one.

        It gets what declares a target, the name, and the attributes as a dictionary.
        """
        self.unnamed = unnamed
        self.parent = parent
        self.is_extendable = is_extendable
        self._initializer = initializer
        self._through = through
        self._place = place
        self._class: RuleClass | None = None

    @classmethod
    def of_builtin(cls, rule_class: RuleClass, place: Place) -> RuleDefinition:
        """A rule of ours, as what another one extends."""
        definition = cls(rule_class, None, place)
        definition._class = rule_class
        return definition

    def export(self, file: Label, name: str) -> None:
        if self._class is not None:
            return
        if name.endswith("_test") is not self.unnamed.is_test:
            raise InvalidRuleName(name, is_test=self.unnamed.is_test, place=self._place)
        self._class = dataclasses.replace(self.unnamed, name=name, defined_in=file)

    @property
    def rule_class(self) -> RuleClass:
        """The rule class; there is none before the rule is bound to a global of its file."""
        if self._class is None:
            raise EvaluationError("invalid rule class hasn't been exported by a .bzl file: bind it to a global name")
        return self._class

    @property
    def runs_nothing(self) -> bool:
        """Whether its class says what becomes of a call, and no initializer, be it that of a rule that it extends."""
        return self._initializer is None and self.parent is None and self._through is None

    @property
    def is_named(self) -> bool:
        """Whether the rule is bound to a global of its file."""
        return self._class is not None

    @property
    def name(self) -> str:
        return "rule" if self._class is None else self._class.name

    def declare(self, args: tuple[Value, ...], given: Mapping[str, Value]) -> None:
        """Declare a target in the package that is being read."""
        if args:
            raise EvaluationError("unexpected positional arguments; attributes are given by name")
        rule_class = self.rule_class
        changed = self._initialised(given)
        if self._through is None:
            declare_target(rule_class, changed)
            return
        # After initializers: what they set is for all targets that the function declares.
        attributes = {name: value for name, value in changed.items() if name != "name"}
        target = Builtin(self.name, lambda **kwargs: declare_target(rule_class, kwargs))
        invoke(self._through, target, given.get("name"), Dict(attributes))

    def _initialised(self, given: Mapping[str, Value]) -> Mapping[str, Value]:
        definition: RuleDefinition | None = self
        # From the child to its ancestors, each with the attributes that it knows.
        while definition is not None:
            if definition._initializer is not None:
                labels = package_in_progress(self.name).labels
                specs = definition.unnamed.own_attributes
                given = definition._initializer.changed(self.name, specs, given, labels)
            definition = definition.parent
        return given


def rule_builtin(make_implementation: MakeImplementation, evaluator: Evaluator) -> Builtin:
    """`rule`, whose implementations are wrapped so that analysis can call them."""

    def rule(
        implementation: Value,
        test: bool | None = None,
        attrs: Mapping[str, Value] | ForeignProvider | None = None,
        outputs: Value = None,
        executable: bool | None = None,
        output_to_genfiles: bool = False,
        fragments: Sequence[str] = (),
        host_fragments: Sequence[str] = (),
        _skylark_testable: bool = False,
        toolchains: Sequence[Value] | ForeignProvider = (),
        incompatible_use_toolchain_transition: bool = False,
        doc: str | None = None,
        *,
        provides: Sequence[Value] = (),
        dependency_resolution_rule: bool = False,
        exec_compatible_with: Sequence[Value] = (),
        analysis_test: bool = False,
        build_setting: BuildSetting | None = None,
        cfg: Value = None,
        exec_groups: Value = None,
        initializer: Value = None,
        parent: Value = None,
        extendable: Value = None,
        subrules: Sequence[Value] = (),
        _through: Value = None,
    ) -> RuleDefinition | AbsentSymbol:
        made_of = {
            "implementation": implementation,
            "attrs": attrs,
            "toolchains": toolchains,
            "cfg": cfg,
            "initializer": initializer,
            "parent": parent,
        }
        for argument, value in made_of.items():
            if (unknown := absent_in(value)) is not None:
                return unknown.part(f"rule({argument} = {unknown.name})")
        if isinstance(attrs, ForeignProvider) or isinstance(toolchains, ForeignProvider):
            raise EvaluationError("in call to rule(), attrs must be a dict and toolchains a list, not a provider")
        if type(implementation) is not FunctionType:
            raise EvaluationError(
                f"in call to rule(), parameter 'implementation' got value of type '{type_name(implementation)}', "
                "want 'function'"
            )
        extended = None if parent is None else _extended(parent, build_setting, outputs, analysis_test=analysis_test)
        is_test = bool(test) or analysis_test
        if is_test and executable is False:
            raise EvaluationError("executable = False may not be said of a test rule")
        if initializer is not None and type(initializer) is not FunctionType:
            raise EvaluationError(f"initializer must be a function, not {type_name(initializer)}")
        used = read_subrules(subrules)
        unnamed = RuleClass(
            "",
            (*read_attributes(attrs, evaluator), *attributes_of(used), *_setting_default(build_setting)),
            make_implementation(implementation, used, None if extended is None else extended.unnamed.implementation),
            is_test=is_test,
            is_executable=bool(executable) or is_test,
            transition=read_transition(cfg),
            implicit_outputs=_implicit_outputs(outputs, evaluator),
            doc=doc or "",
            provides=provided_keys(provides),
            actions=ExecGroup(
                read_requirements([*toolchains, *toolchains_of(used)]), read_constraints(exec_compatible_with)
            ),
            exec_groups=read_exec_groups(exec_groups),
            build_setting=build_setting,
            is_analysis_test=analysis_test,
        )
        return RuleDefinition(
            unnamed if extended is None else extending(unnamed, extended.unnamed, said=(test, executable)),
            None if initializer is None else Initializer(initializer, label_reader()),
            current_thread().caller_place(),
            parent=extended,
            is_extendable=_is_extendable(extendable)
            and outputs is None
            and build_setting is None
            and not analysis_test,
            through=_through,
        )

    return Builtin("rule", rule)


def _extended(
    parent: Value, build_setting: BuildSetting | None, outputs: Value, *, analysis_test: bool
) -> RuleDefinition:
    """The rule that another one wants to extend."""
    rule_class = rule_class_behind(parent) if isinstance(parent, Builtin) else None
    if rule_class is not None and rule_class.is_extendable:
        parent = RuleDefinition.of_builtin(rule_class, current_thread().caller_place())
    if not isinstance(parent, RuleDefinition):
        raise EvaluationError(f"parent must be a rule of a .bzl file, not {type_name(parent)}")
    if not parent.is_extendable:
        raise EvaluationError(
            f"the rule '{parent.name}' is not extendable",
            hint="it says `extendable = False`, or it is a build setting, an analysis test, or names `outputs`",
        )
    if build_setting is not None or analysis_test or outputs is not None:
        raise EvaluationError("build_setting, analysis_test and outputs can't be said of a rule that extends another")
    return parent


def _is_extendable(said: Value) -> bool:
    # An allowlist is a label; who may extend what is not checked.
    if said is None or isinstance(said, bool | str | Label):
        return said is not False
    raise EvaluationError(f"extendable must be a bool or a label, not {type_name(said)}")


def read_attributes(attrs: Mapping[str, Value] | None, evaluator: Evaluator) -> tuple[AttributeSpec, ...]:
    """The attributes that a dict of names to `attr.…()` describes."""
    specs: list[AttributeSpec] = []
    for name, descriptor in entries(Dict(attrs or {})):
        if type(name) is not str:
            raise EvaluationError(f"in attrs, got key of type {type_name(name)}, want string")
        if descriptor is None:
            continue
        if not isinstance(descriptor, AttributeDescriptor):
            raise EvaluationError(f"in attrs, got {type_name(descriptor)} for value of '{name}', want Attribute")
        if not name.isidentifier():
            raise EvaluationError(f"attribute name `{name}` is not a valid identifier")
        if name in COMMON_ATTRIBUTE_NAMES - _REPLACEABLE or name == "name":
            raise EvaluationError(f"built-in attribute '{name}' can't be overridden")
        spec = dataclasses.replace(descriptor.spec, name=name)
        if isinstance(spec.computed_default, FunctionType):
            default = ComputedDefault(spec.computed_default, spec, label_reader(), evaluator)
            spec = dataclasses.replace(spec, computed_default=default)
        specs.append(spec)
    return tuple(specs)


def _setting_default(build_setting: BuildSetting | None) -> tuple[AttributeSpec, ...]:
    if build_setting is None:
        return ()
    return (AttributeSpec("build_setting_default", build_setting.type, mandatory=True, configurable=False),)


def _implicit_outputs(outputs: Value, evaluator: Evaluator) -> ImplicitOutputs:
    if outputs is None:
        return OutputTemplates()
    if isinstance(outputs, FunctionType):
        return OutputFunction(outputs, evaluator)
    return OutputTemplates(read_templates(outputs))


def read_requirements(toolchains: Sequence[Value]) -> tuple[ToolchainRequirement, ...]:
    """The toolchain types that a rule or an aspect asks for."""
    found: dict[Label, ToolchainRequirement] = {}
    for element in toolchains:
        requirement = element if isinstance(element, ToolchainRequirement) else requirement_of(element)
        found[requirement.type] = requirement
    return tuple(found.values())


def requirement_of(element: Value, *, mandatory: bool = True) -> ToolchainRequirement:
    """What a text or a label asks for."""
    return ToolchainRequirement(read_type(element), mandatory, element if type(element) is str else "")


def read_exec_groups(groups: Value) -> dict[str, ExecGroup]:
    """Groups of actions by name."""
    if groups is None:
        return {}
    if type(groups) not in DICTS:
        raise EvaluationError(f"exec_groups must be a dict, not {type_name(groups)}")
    found: dict[str, ExecGroup] = {}
    for name, group in entries(groups):
        if type(name) is not str or not name.isidentifier():
            raise EvaluationError(f"exec group name '{name}' is not a valid name")
        if not isinstance(group, ExecGroup):
            raise EvaluationError(f"exec_groups: got {type_name(group)} for '{name}', want exec_group")
        found[name] = group
    return found


def read_constraints(constraints: Sequence[Value]) -> tuple[Label, ...]:
    """The constraint values that the machine must have which actions run on."""
    return tuple(read_type(one) for one in constraints)


def read_type(element: Value) -> Label:
    """The label of a toolchain type."""
    if isinstance(element, Label):
        return element
    if type(element) is not str:
        raise EvaluationError(f"a toolchain type is a label, not {type_name(element)}")
    try:
        return label_reader().read(element)
    except InvalidLabel as error:
        raise EvaluationError(error.message, hint=error.hint) from error


@builtin("exec_group")
def exec_group(toolchains: Sequence[Value] = (), exec_compatible_with: Sequence[Value] = ()) -> ExecGroup:
    """A group of actions with toolchains of their own."""
    return ExecGroup(read_requirements(toolchains), read_constraints(exec_compatible_with))


@builtin("toolchain_type")
def toolchain_type(name: Value, *, mandatory: bool = True) -> ToolchainRequirement:
    """A requirement of a toolchain that may be missing."""
    return requirement_of(name, mandatory=mandatory)


def _call(definition: RuleDefinition, /, *args: Value, **kwargs: Value) -> None:
    definition.declare(args, kwargs)


def _repr(definition: RuleDefinition, printer: Printer) -> None:
    printer.write("<rule>")


register(RuleDefinition, HostType(name="rule", call=_call, hashable=True, repr=_repr))
register(ExecGroup, HostType(name="exec_group"))
register(ToolchainRequirement, HostType(name="toolchain_type", hashable=True))
