"""`Label` as a value of the language."""

from __future__ import annotations

from collections.abc import Mapping

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
        return Label.parse(text, relative_to=package, repository_mapping=mapping)
    except (InvalidLabel, UnknownRepository) as error:
        raise EvaluationError(error.message, hint=error.hint) from error


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
