"""Expansion of `$(location)` and Make variables in attribute texts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.dataclass import dataclass
from venvship.errors import UserError
from venvship.loading.label_values import parse_label
from venvship.model.artifact import Artifact
from venvship.model.label import InvalidLabel, Label, PackageId

_LOCATION = re.compile(r"\$\((location|locations|execpath|execpaths|rootpath|rootpaths|rlocationpath|rlocationpaths) ")
_VARIABLE = re.compile(r"\$(?:\$|\(([A-Za-z0-9_]+)\)|([^$(]|$|\())")


@dataclass(frozen=True, slots=True)
class Located:
    """A dependency, and the label that an attribute has for it, which may be that of an alias.

    `as_program` says that a target which is a program stands for that alone, and not for its other files.
    """

    label: Label
    target: ConfiguredTarget
    as_program: bool = False


OwnOutput: TypeAlias = Callable[[Label], Artifact | None]


class BadExpansion(UserError):
    """A `$(…)` in an attribute can't be replaced."""


def expand_locations(
    text: str,
    targets: Sequence[Located],
    package: PackageId,
    *,
    mapping: Mapping[str, str] | None = None,
    own: OwnOutput = lambda label: None,
    location: str = "rootpath",
) -> str:
    """Replace `$(location LABEL)` and its kin; labels are looked up among `targets`. Raises BadExpansion.

    `mapping` gives canonical names of repositories, as the package names them; None if all are canonical. `own` knows
    the outputs of the target itself by label.

    `location` says what `$(location)` means: `rootpath`, the path from the runfiles directory of the main repository,
    which is where programs and tests start, or `execpath`.
    """
    pieces: list[str] = []
    position = 0
    while match := _LOCATION.search(text, position):
        if match.start() and text[match.start() - 1] == "$":
            pieces.append(text[position : match.end()])
            position = match.end()
            continue
        end = text.find(")", match.end())
        if end < 0:
            raise BadExpansion(f"unterminated `$({match.group(1)}` in `{text}`")
        pieces.append(text[position : match.start()])
        function = match.group(1)
        meaning = function.replace("location", location) if function in ("location", "locations") else function
        pieces.append(_locations(function, meaning, text[match.end() : end].strip(), targets, package, mapping, own))
        position = end + 1
    return "".join(pieces) + text[position:]


def _locations(
    function: str,
    meaning: str,
    label_text: str,
    targets: Sequence[Located],
    package: PackageId,
    mapping: Mapping[str, str] | None,
    own: OwnOutput,
) -> str:
    try:
        label = parse_label(label_text, package, mapping)
    except InvalidLabel as error:
        raise BadExpansion(f"in `$({function} {label_text})`: {error.message}") from error
    output = own(label)
    if output is not None:
        return _path(meaning, output)
    found = next((one for one in targets if label in (one.label, one.target.label)), None)
    if found is None:
        raise BadExpansion(
            f"label `{label_text}` in `$({function})` is not a dependency of this target",
            hint=f"add `{label_text}` to `data`",
        )
    executable = found.target.default_info.executable
    files = found.target.default_info.files.to_tuple()
    if executable is not None and found.as_program:
        files = (executable,)
    if not function.endswith("s"):
        if executable is not None and len(files) != 1:
            files = (executable,)
        if len(files) != 1:
            raise BadExpansion(
                f"`$({function} {label_text})` needs exactly one file, and `{label_text}` gives {len(files)}",
                hint=f"use $({function}s {label_text})",
            )
    return " ".join(sorted({_path(meaning, file) for file in files}))


def _path(function: str, file: Artifact) -> str:
    match function.removesuffix("s"):
        case "execpath":
            return file.exec_path
        case "rlocationpath":
            return file.runfiles_path
        case _:
            return file.short_path


def expand_variables(text: str, variables: Mapping[str, str]) -> str:
    """Replace `$(NAME)` by Make variables and `$$` by `$`. Raises BadExpansion for unknown names and a lone `$`."""

    def replaced(match: re.Match[str]) -> str:
        if match.group(0) == "$$":
            return "$"
        name = match.group(1)
        if name is None:
            raise BadExpansion(f"`$` in `{text}` must be followed by `(NAME)` or doubled")
        if name not in variables:
            raise BadExpansion(
                f"`$({name})` is not defined", hint=f"pass `--define={name}=VALUE`, or write `$$({name})`"
            )
        return variables[name]

    return _VARIABLE.sub(replaced, text)
