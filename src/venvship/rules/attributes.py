"""Short spellings of attribute specifications, for the tables at the head of each rule."""

from __future__ import annotations

from venvship.loading.attributes import AttributeSpec, AttributeType, PlainValue
from venvship.model.label import Label


def string(name: str, default: str = "", *, values: tuple[str, ...] = (), mandatory: bool = False) -> AttributeSpec:
    return AttributeSpec(name, AttributeType.STRING, default, mandatory=mandatory, values=values)


def strings(name: str, default: tuple[str, ...] = ()) -> AttributeSpec:
    return AttributeSpec(name, AttributeType.STRING_LIST, default)


def string_dict(name: str) -> AttributeSpec:
    return AttributeSpec(name, AttributeType.STRING_DICT)


def boolean(name: str, default: bool = False) -> AttributeSpec:
    return AttributeSpec(name, AttributeType.BOOL, default)


def integer(name: str, default: int = 0, *, values: tuple[int, ...] = ()) -> AttributeSpec:
    return AttributeSpec(name, AttributeType.INT, default, values=values)


def tristate(name: str) -> AttributeSpec:
    """Yes (1), no (0), or as a flag says (-1)."""
    return integer(name, -1, values=(-1, 0, 1))


def label(
    name: str,
    *,
    providers: tuple[type, ...] = (),
    files: bool | tuple[str, ...] = False,
    mandatory: bool = False,
    executable: bool = False,
    transition: object = None,
    default: Label | None = None,
) -> AttributeSpec:
    """One dependency; it must have all of `providers`, when there are any."""
    return AttributeSpec(
        name,
        AttributeType.LABEL,
        default,
        mandatory=mandatory,
        allow_files=files,
        allow_single_file=files is not False,
        providers=(frozenset(providers),) if providers else (),
        executable=executable,
        transition=transition,
    )


def labels(
    name: str,
    *,
    providers: tuple[type, ...] = (),
    files: bool | tuple[str, ...] = False,
    mandatory: bool = False,
    transition: object = None,
    default: PlainValue = None,
) -> AttributeSpec:
    """Dependencies, each of which must have all of `providers`, when there are any."""
    return AttributeSpec(
        name,
        AttributeType.LABEL_LIST,
        default,
        mandatory=mandatory,
        allow_files=files,
        providers=(frozenset(providers),) if providers else (),
        transition=transition,
    )
