"""Objects of the host as values of a program."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import pytest

from venvship.errors import InternalError
from venvship.starlark.builtin import builtin
from venvship.starlark.conversion import from_host, to_host
from venvship.starlark.errors import EvaluationError
from venvship.starlark.execution import Module
from venvship.starlark.freezing import freeze
from venvship.starlark.host_types import MISSING, HostType, Value, register, type_name
from venvship.starlark.printer import Printer
from venvship.starlark.values import Dict, FrozenList, List

Run = Callable[..., Module]
Evaluate = Callable[..., Value]


@dataclass(frozen=True, slots=True)
class Label:
    package: str
    name: str

    def secret(self) -> str:
        return "not for programs"


@dataclass(frozen=True, slots=True)
class Bag:
    items: tuple[Value, ...]

    def __bool__(self) -> bool:
        return bool(self.items)


@dataclass(slots=True, eq=False)
class Info:
    fields: dict[str, Value] = field(default_factory=dict)

    def __iter__(self) -> Iterator[str]:
        return iter(self.fields)


class Stranger:
    """No entry of the table."""


def _relative(label: Label, name: str, *, package: str | None = None) -> Label:
    return Label(package or label.package, name)


def _show_label(label: Label, printer: Printer) -> None:
    printer.write(f'Label("//{label.package}:{label.name}")')


def _label_text(label: Label, printer: Printer) -> None:
    printer.write(f"//{label.package}:{label.name}")


def _join_bags(operator: str, left: Value, right: Value) -> object:
    if operator == "+" and isinstance(left, Bag) and isinstance(right, Bag):
        return Bag(left.items + right.items)
    return MISSING


def _make_info(kind: Stranger, **fields: Value) -> Info:
    return Info(fields)


class InfoKind(Stranger):
    """Callable, makes an `Info`."""


register(
    Label,
    HostType(
        name="Label",
        fields={"name": lambda label: label.name, "package": lambda label: label.package, "odd": lambda _: Stranger()},
        methods={"relative": _relative},
        hashable=True,
        repr=_show_label,
        str=_label_text,
    ),
)
register(
    Bag,
    HostType(
        name="bag",
        length=lambda bag: len(bag.items),
        iterate=lambda bag: bag.items,
        index=lambda bag, position: bag.items[position],
        contains=lambda bag, item: item in bag.items,
        binary=_join_bags,
        less=lambda left, right: len(left.items) < len(right.items),
        children=lambda bag: bag.items,
    ),
)
register(
    Info,
    HostType(
        name="Info",
        dynamic_attr=lambda info, name: info.fields.get(name, MISSING),
        dynamic_dir=lambda info: info.fields,
        children=lambda info: info.fields.values(),
    ),
)
register(InfoKind, HostType(name="Provider", call=_make_info, hashable=True))


def test_a_host_object_shows_what_the_table_says_and_nothing_else(evaluate: Evaluate) -> None:
    label = Label("app", "x")
    assert evaluate("(l.name, l.package, type(l), str(l), repr(l), dir(l))", l=label) == (
        "x",
        "app",
        "Label",
        "//app:x",
        'Label("//app:x")',
        List(["name", "odd", "package", "relative"]),
    )
    for name in ("secret", "__class__", "__slots__", "__eq__"):
        with pytest.raises(EvaluationError, match="'Label' value has no field or method"):
            evaluate(f"l.{name}", l=label)


def test_methods_of_host_objects_bind_like_builtins(evaluate: Evaluate) -> None:
    label = Label("app", "x")
    assert evaluate("l.relative('y', package = 'lib')", l=label) == Label("lib", "y")
    assert evaluate("[f('z') for f in [l.relative]][0]", l=label) == Label("app", "z")
    with pytest.raises(EvaluationError, match=r"relative\(\) missing 1 required positional argument: name"):
        evaluate("l.relative()", l=label)
    with pytest.raises(EvaluationError, match=r"relative\(\) got unexpected keyword argument 'label'"):
        evaluate("l.relative('x', label = 1)", l=label)
    with pytest.raises(EvaluationError, match="parameter 'name' got value of type 'int', want 'string'"):
        evaluate("l.relative(1)", l=label)


def test_hashable_host_objects_are_keys_and_others_are_not(evaluate: Evaluate) -> None:
    label = Label("app", "x")
    assert evaluate("{l: 1}[m]", l=label, m=Label("app", "x")) == 1
    assert evaluate("{(l, True): 1}[(m, True)]", l=label, m=Label("app", "x")) == 1
    with pytest.raises(EvaluationError, match="unhashable type: 'bag'"):
        evaluate("{b: 1}", b=Bag(()))


def test_hooks_give_operators(evaluate: Evaluate) -> None:
    bag = Bag((1, 2))
    assert evaluate("(len(b), [x for x in b], b[1], 2 in b, 3 in b, sorted([b + b, b]))", b=bag) == (
        2,
        List([1, 2]),
        2,
        True,
        False,
        List([bag, Bag((1, 2, 1, 2))]),
    )
    assert evaluate("'empty' if not b else 'full'", b=Bag(())) == "empty"
    with pytest.raises(EvaluationError, match="unsupported binary operation: bag - bag"):
        evaluate("b - b", b=bag)
    with pytest.raises(EvaluationError, match=r"unsupported binary operation: bag \+ int"):
        evaluate("b + 1", b=bag)


def test_operations_without_a_hook_are_refused(evaluate: Evaluate) -> None:
    info = Info({"a": 1})
    for expression, message in [
        ("[x for x in i]", "type 'Info' is not iterable"),
        ("len(i)", "Info is not iterable"),
        ("i[0]", "type 'Info' has no operator"),
        ("i()", "'Info' object is not callable"),
        ("1 in i", "unsupported binary operation: int in Info"),
        ("i < i", "unsupported comparison: Info <=> Info"),
        ("list(i)", "got value of type 'Info', want 'iterable'"),
        ("len(*i)", r"argument after \* must be an iterable, not Info"),
        ("len(**i)", r"argument after \*\* must be a dict, not Info"),
        ("zip(i)", "type 'Info' is not iterable"),
    ]:
        with pytest.raises(EvaluationError, match=message):
            evaluate(expression, i=info)


def test_dynamic_attributes_and_calls(evaluate: Evaluate) -> None:
    made = evaluate("k(a = 1, b = [2])", k=InfoKind())
    assert made.fields == {"a": 1, "b": [2]}
    assert evaluate("(i.a, dir(i), hasattr(i, 'z'), getattr(i, 'z', 3))", i=made) == (1, List(["a", "b"]), False, 3)
    with pytest.raises(EvaluationError, match=r"Provider\(\) got unexpected positional argument"):
        evaluate("k(1)", k=InfoKind())


def test_freezing_reaches_into_host_objects() -> None:
    inner = List([1])
    freeze(List([Bag((Info({"a": inner}),))]))
    assert type(inner) is FrozenList


def test_an_unknown_python_object_is_our_fault_and_named(evaluate: Evaluate) -> None:
    @builtin("leak")
    def leak() -> object:
        return Stranger()

    for expression, source in [("leak()", r"built-in leak\(\)"), ("l.odd", r"Label\.odd")]:
        with pytest.raises(InternalError, match=rf"{source} gave an object of the Python type `.*Stranger`"):
            evaluate(expression, leak=leak, l=Label("a", "b"))


def test_a_plain_python_list_is_unknown_until_converted(evaluate: Evaluate) -> None:
    @builtin("plain")
    def plain() -> object:
        return [1]

    @builtin("converted")
    def converted() -> object:
        return from_host({"a": [1, (True, {"x"})]})

    with pytest.raises(InternalError, match=r"builtins\.list"):
        evaluate("plain()", plain=plain)
    assert evaluate("repr(converted())", converted=converted) == '{"a": [1, (True, set(["x"]))]}'


def test_conversion_there_and_back() -> None:
    value = {"a": [1, (True, None)], "b": {1: 2.5, None: {}}}
    converted = from_host(value)
    assert type(converted) is Dict
    assert to_host(converted) == value
    with pytest.raises(InternalError, match="the host gave an object"):
        from_host([Stranger()])


def test_a_type_registered_as_hashable_needs_a_hash() -> None:
    class Unhashable:
        __hash__ = None  # type: ignore[assignment]

    with pytest.raises(InternalError, match="Unhashable is registered as hashable"):
        register(Unhashable, HostType(name="u", hashable=True))


def test_type_names_of_strangers_are_refused() -> None:
    with pytest.raises(InternalError, match="is not a Starlark value"):
        type_name(Stranger())
