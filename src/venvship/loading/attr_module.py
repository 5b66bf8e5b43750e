"""`attr`: what the attributes of rules written in Starlark accept."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from types import FunctionType

from venvship.dataclass import dataclass
from venvship.loading.aspects import AspectDefinition
from venvship.loading.attribute_values import AttributeProblem, AttributeReader, LabelReader
from venvship.loading.attributes import AttributeSpec, AttributeType, PlainValue, Select
from venvship.loading.bzl_loader import BzlFile
from venvship.loading.config_module import LateBoundDefault, read_transition
from venvship.loading.native_providers import provider_key
from venvship.loading.package_builder import PackageBuilder
from venvship.model.label import PackageId
from venvship.starlark.builtin import Builtin
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.iteration import sequence
from venvship.starlark.printer import Printer
from venvship.starlark.structs import Struct
from venvship.starlark.thread import current_thread
from venvship.starlark.values import LISTS


@dataclass(frozen=True, slots=True, eq=False)
class AttributeDescriptor:
    """What `attr.string(...)` makes; the attribute has no name before a rule gives it one."""

    kind: str
    spec: AttributeSpec


def label_reader() -> LabelReader:
    """Reads labels as the file understands them that is running: a `.bzl` file, or a BUILD file in its macros."""
    context = current_thread().context
    match context:
        case BzlFile():
            return LabelReader(context.label.package, context.repository.mapping)
        case PackageBuilder():
            return context.labels
        case _:
            return LabelReader(PackageId("", ""), {"": ""})


def read_default(kind: str, spec: AttributeSpec, value: Value) -> PlainValue:
    """A default as a target would have to write it."""
    try:
        read = AttributeReader(kind, label_reader()).read(spec, value)
    except AttributeProblem as error:
        raise EvaluationError(error.message, hint=error.hint) from error
    if isinstance(read, Select):
        raise EvaluationError("select() can't be the default of an attribute")
    return read


def _described(
    kind: str,
    spec_type: AttributeType,
    *,
    default: Value,
    mandatory: bool,
    doc: str | None,
    allow_empty: bool = True,
    values: Sequence[Value] = (),
    allow_files: bool | tuple[str, ...] = False,
    allow_single_file: bool = False,
    providers: tuple[frozenset[Hashable], ...] = (),
    executable: bool = False,
    transition: object = None,
    aspects: tuple[Hashable, ...] = (),
    configurable: bool = True,
) -> AttributeDescriptor:
    computed: object = None
    plain: PlainValue = None
    if type(default) is FunctionType:
        computed = default
    elif default is not None and not isinstance(default, LateBoundDefault):
        plain = read_default(f"attr.{kind}", AttributeSpec("default", spec_type), default)
    return AttributeDescriptor(
        kind,
        AttributeSpec(
            "",
            spec_type,
            plain,
            mandatory=mandatory,
            values=tuple(values),
            allow_files=allow_files,
            allow_single_file=allow_single_file,
            allow_empty=allow_empty,
            providers=providers,
            executable=executable,
            configurable=configurable,
            transition=transition,
            doc=doc or "",
            computed_default=computed,
            aspects=aspects,
        ),
    )


def _scalar(kind: str, spec_type: AttributeType) -> Builtin:
    def make(
        *,
        configurable: bool | None = None,
        default: Value = None,
        doc: str | None = None,
        mandatory: bool = False,
        values: Sequence[Value] = (),
    ) -> AttributeDescriptor:
        for position, value in enumerate(values):
            if type(value) is not (int if spec_type is AttributeType.INT else str):
                raise EvaluationError(
                    f"at index {position} of values, got element of type {type_name(value)}, want {spec_type.value}"
                )
        return _described(
            kind,
            spec_type,
            default=default,
            mandatory=mandatory,
            doc=doc,
            values=values,
            configurable=configurable is not False,
        )

    return Builtin(kind, make)


def _make_bool(
    *, configurable: bool | None = None, default: Value = False, doc: str | None = None, mandatory: bool = False
) -> AttributeDescriptor:
    return _described(
        "bool",
        AttributeType.BOOL,
        default=default,
        mandatory=mandatory,
        doc=doc,
        configurable=configurable is not False,
    )


def _collection(kind: str, spec_type: AttributeType) -> Builtin:
    def make(
        mandatory: bool = False,
        allow_empty: bool = True,
        *,
        configurable: bool | None = None,
        default: Value = None,
        doc: str | None = None,
    ) -> AttributeDescriptor:
        return _described(
            kind,
            spec_type,
            default=default,
            mandatory=mandatory,
            doc=doc,
            allow_empty=allow_empty,
            configurable=configurable is not False,
        )

    return Builtin(kind, make)


def _make_label(
    *,
    configurable: bool | None = None,
    default: Value = None,
    doc: str | None = None,
    executable: bool = False,
    allow_files: Value = None,
    allow_single_file: Value = None,
    mandatory: bool = False,
    skip_validations: bool = False,
    providers: Sequence[Value] = (),
    allow_rules: Value = None,
    cfg: Value = None,
    aspects: Sequence[Value] = (),
    flags: Sequence[str] = (),
    for_dependency_resolution: Value = None,
) -> AttributeDescriptor:
    if allow_files is not None and allow_single_file is not None:
        raise EvaluationError("allow_files and allow_single_file cannot both be set")
    if executable and cfg is None:
        raise EvaluationError("cfg parameter is mandatory when executable=True is provided")
    single = allow_single_file is not None and allow_single_file is not False
    return _described(
        "label",
        AttributeType.LABEL,
        default=default,
        mandatory=mandatory,
        doc=doc,
        allow_files=_suffixes(allow_single_file if single else allow_files),
        allow_single_file=single,
        providers=provider_alternatives(providers),
        executable=executable,
        transition=read_transition(cfg),
        aspects=_aspects(aspects),
        configurable=configurable is not False,
    )


def _labels(kind: str, spec_type: AttributeType) -> Builtin:
    def make(
        allow_empty: bool = True,
        *,
        configurable: bool | None = None,
        default: Value = None,
        doc: str | None = None,
        allow_files: Value = None,
        providers: Sequence[Value] = (),
        flags: Sequence[str] = (),
        mandatory: bool = False,
        skip_validations: bool = False,
        allow_rules: Value = None,
        cfg: Value = None,
        aspects: Sequence[Value] = (),
        for_dependency_resolution: Value = None,
    ) -> AttributeDescriptor:
        return _described(
            kind,
            spec_type,
            default=default,
            mandatory=mandatory,
            doc=doc,
            allow_empty=allow_empty,
            allow_files=_suffixes(allow_files),
            providers=provider_alternatives(providers),
            transition=read_transition(cfg),
            aspects=_aspects(aspects),
            configurable=configurable is not False,
        )

    return Builtin(kind, make)


def _make_output(*, doc: str | None = None, mandatory: bool = False) -> AttributeDescriptor:
    return _described("output", AttributeType.OUTPUT, default=None, mandatory=mandatory, doc=doc, configurable=False)


def _make_output_list(
    allow_empty: bool = True, *, doc: str | None = None, mandatory: bool = False
) -> AttributeDescriptor:
    return _described(
        "output_list",
        AttributeType.OUTPUT_LIST,
        default=None,
        mandatory=mandatory,
        doc=doc,
        allow_empty=allow_empty,
        configurable=False,
    )


def _suffixes(allowed: Value) -> bool | tuple[str, ...]:
    if allowed is None or type(allowed) is bool:
        return bool(allowed)
    if type(allowed) is not tuple and type(allowed) not in LISTS:
        raise EvaluationError("allow_files should be a boolean or a string list")
    for suffix in allowed:
        if type(suffix) is not str:
            raise EvaluationError(f"allow_files should be a boolean or a string list, not of {type_name(suffix)}")
    return tuple(allowed)


def provider_alternatives(providers: Sequence[Value]) -> tuple[frozenset[Hashable], ...]:
    """What dependencies must provide: `[A, B]` asks for both; `[[A], [B, C]]` for the first, or for the two others."""
    nested = [type(element) in LISTS or type(element) is tuple for element in providers]
    if any(nested):
        if not all(nested):
            raise EvaluationError("element in 'providers' is of unexpected type: either all are lists or none is")
        groups = [sequence(element) for element in providers]
        return tuple(frozenset(_key(symbol) for symbol in group) for group in groups if group)
    return (frozenset(_key(symbol) for symbol in providers),) if providers else ()


def _aspects(aspects: Sequence[Value]) -> tuple[AspectDefinition, ...]:
    for one in aspects:
        if not isinstance(one, AspectDefinition):
            raise EvaluationError(f"at index {list(aspects).index(one)} of aspects, got {type_name(one)}, want Aspect")
    return tuple(aspects)


def _key(symbol: Value) -> Hashable:
    key = provider_key(symbol)
    if key is None:
        raise EvaluationError(
            f"element in 'providers' is of unexpected type: should be a provider, but got {type_name(symbol)}"
        )
    return key


ATTR = Struct(
    {
        "bool": Builtin("bool", _make_bool),
        "int": _scalar("int", AttributeType.INT),
        "int_list": _collection("int_list", AttributeType.INT_LIST),
        "label": Builtin("label", _make_label),
        "label_keyed_string_dict": _labels("label_keyed_string_dict", AttributeType.LABEL_KEYED_STRING_DICT),
        "label_list_dict": _labels("label_list_dict", AttributeType.LABEL_LIST_DICT),
        "label_list": _labels("label_list", AttributeType.LABEL_LIST),
        "output": Builtin("output", _make_output),
        "output_list": Builtin("output_list", _make_output_list),
        "string": _scalar("string", AttributeType.STRING),
        "string_dict": _collection("string_dict", AttributeType.STRING_DICT),
        "string_keyed_label_dict": _labels("string_keyed_label_dict", AttributeType.STRING_KEYED_LABEL_DICT),
        "string_list": _collection("string_list", AttributeType.STRING_LIST),
        "string_list_dict": _collection("string_list_dict", AttributeType.STRING_LIST_DICT),
    }
)


def _print_descriptor(descriptor: AttributeDescriptor, printer: Printer) -> None:
    printer.write(f"<attr.{descriptor.kind}>")


register(AttributeDescriptor, HostType(name="Attribute", repr=_print_descriptor))
