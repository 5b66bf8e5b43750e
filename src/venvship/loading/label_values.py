"""`Label` as a value of the language."""

from __future__ import annotations

import re
from collections.abc import Mapping

from venvship.errors import UserError
from venvship.loading.nearest import did_you_mean
from venvship.model.artifact import EXTERNAL_DIRECTORY
from venvship.model.label import InvalidLabel, Label, PackageId, UnknownRepository
from venvship.model.paths import join
from venvship.starlark.errors import EvaluationError
from venvship.starlark.host_types import HostType, register
from venvship.starlark.printer import Printer


def _str(label: Label, printer: Printer) -> None:
    printer.write(label.canonical)


def _repr(label: Label, printer: Printer) -> None:
    printer.write('Label("')
    printer.write(label.canonical)
    printer.write('")')


def _relative(label: Label, relName: str, /) -> Label:
    return read_label(relName, label.package)


def _same_package_label(label: Label, target_name: str, /) -> Label:
    return read_label(f":{target_name}", label.package)


def read_label(text: str, package: PackageId, mapping: Mapping[str, str] | None = None) -> Label:
    """A label text as a package understands it, or the error that a program sees.

    Without a mapping, repositories must be named canonically.
    """
    try:
        return parse_label(text, package, mapping)
    except InvalidLabel as error:
        raise EvaluationError(error.message, hint=error.hint) from error


def parse_label(text: str, package: PackageId, mapping: Mapping[str, str] | None) -> Label:
    """A label text as a package understands it; raises InvalidLabel.

    A repository that the package can't see gives a label that nobody can load: files may mention what they never
    use. Loading it raises InvisibleRepository.
    """
    try:
        return Label.parse(text, relative_to=package, repository_mapping=mapping)
    except UnknownRepository:
        apparent, slashes, rest = text.removeprefix("@").partition("//")
        canonical = _UNKNOWN.format(apparent, package.repository)
        return Label.parse(f"//{rest}" if slashes else f"//:{apparent}", relative_to=PackageId(canonical, ""))


class InvisibleRepository(UserError):
    """A label names a repository by a name that means nothing where the label stands."""

    def __init__(self, apparent: str, seen_from: str, mapping: Mapping[str, str]) -> None:
        names = [name for name in mapping if name]
        where = f"repository `@{seen_from}`" if seen_from else "this workspace"
        super().__init__(
            f"no repository `@{apparent}` is visible in {where}",
            hint=did_you_mean(apparent, names) or "add a `bazel_dep` or `use_repo` to MODULE.bazel",
        )


def invisible_repository(canonical: str) -> tuple[str, str] | None:
    """The apparent name, and where it was used, when `parse_label` made this canonical name."""
    match = _IS_UNKNOWN.match(canonical)
    return (match[1], match[2]) if match else None


_UNKNOWN = "[unknown repo '{}' requested from @@{}]"
_IS_UNKNOWN = re.compile(r"\[unknown repo '(.*)' requested from @@(.*)\]\Z")


def _less(left: Label, right: Label) -> bool:
    return left < right


def _workspace_root(label: Label) -> str:
    return join(EXTERNAL_DIRECTORY, label.repository) if label.repository else ""


register(
    Label,
    HostType(
        name="Label",
        fields={
            "name": lambda label: label.name,
            "package": lambda label: label.package.path,
            "repo_name": lambda label: label.repository,
            "workspace_name": lambda label: label.repository,
            "workspace_root": _workspace_root,
        },
        methods={"relative": _relative, "same_package_label": _same_package_label},
        less=_less,
        hashable=True,
        repr=_repr,
        str=_str,
    ),
)
