"""Reads `visibility` attributes and the patterns of package groups."""

from __future__ import annotations

from venvship.errors import UserError
from venvship.loading.attribute_values import AttributeProblem, LabelReader, listed, shown
from venvship.loading.visibility import PRIVATE, PUBLIC, PackagePattern, Visibility
from venvship.model.label import InvalidLabel, Label, PackageId
from venvship.starlark.host_types import Value

_PUBLIC_NAMES = frozenset({"public", "legacy_public"})


def read_visibility(value: Value, labels: LabelReader) -> Visibility:
    """The meaning of a list of labels; raises UserError when an element is none."""
    given = listed(value)
    if given is None:
        raise AttributeProblem(f"expected value of type 'list(label)' for 'visibility', but got {shown(value)}")
    packages: list[PackagePattern] = []
    groups: list[Label] = []
    is_public = False
    for element in given:
        if type(element) is Label:
            label = element
        elif type(element) is str:
            label = labels.read(element)
        else:
            raise AttributeProblem(f"expected value of type 'label' in 'visibility', but got {shown(element)}")
        if label.package.path == "visibility":
            if label.name in _PUBLIC_NAMES:
                is_public = True
            elif label.name != "private":
                raise AttributeProblem(
                    f"invalid visibility label '{element}'", hint="use `//visibility:public` or `//visibility:private`"
                )
        elif label.name in ("__pkg__", "__subpackages__"):
            packages.append(PackagePattern(label.package, label.name == "__subpackages__"))
        else:
            groups.append(label)
    if is_public:
        return PUBLIC
    return Visibility(False, tuple(packages), tuple(groups)) if packages or groups else PRIVATE


class PackageSpecification(UserError):
    """An element of a package group's `packages` is no package pattern."""

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"invalid package specification '{text}': {reason}",
            hint="write `//package`, `//package/...`, `-//package`, `public` or `private`",
        )


def read_package_patterns(
    texts: tuple[str, ...], labels: LabelReader
) -> tuple[bool, tuple[PackagePattern, ...], tuple[PackagePattern, ...]]:
    """Whether everything is in, what is in, and what is out all the same."""
    is_public = False
    wanted: list[PackagePattern] = []
    excluded: list[PackagePattern] = []
    for text in texts:
        if text in ("public", "private"):
            is_public = is_public or text == "public"
            continue
        (excluded if text.startswith("-") else wanted).append(_pattern(text, labels))
    return is_public, tuple(wanted), tuple(excluded)


def _pattern(text: str, labels: LabelReader) -> PackagePattern:
    plain = text.removeprefix("-")
    repository, slashes, path = plain.partition("//")
    if not slashes:
        raise PackageSpecification(text, "it must start with `//`")
    subpackages = path == "..." or path.endswith("/...")
    path = path.removesuffix("...").rstrip("/") if subpackages else path
    if ":" in path:
        raise PackageSpecification(text, "it names a target")
    try:
        package = labels.read(f"{repository}//{path}:x").package
    except InvalidLabel as error:
        raise PackageSpecification(text, error.message) from error
    return PackagePattern(PackageId(package.repository, package.path), subpackages)
