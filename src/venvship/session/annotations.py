"""Files that `uv.annotate_packages` names: what distributions of a lock need in order to be built from source."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path

import tomli

from venvship.dataclass import dataclass
from venvship.errors import Place, UserError
from venvship.wheels.filename import normalise_name


class MalformedAnnotations(UserError):
    """An annotation file that cannot be understood."""

    def __init__(self, shown: str, reason: str) -> None:
        super().__init__(f"malformed annotations: {reason}", place=Place(shown))


@dataclass(frozen=True, slots=True)
class BuildAnnotations:
    """Build dependencies by what is built: a name, and a version unless they are for all."""

    by_release: Mapping[tuple[str, str | None], tuple[str, ...]] = field(default_factory=dict)

    def build_dependencies(self, name: str, version: str | None) -> tuple[str, ...]:
        own = self.by_release.get((name, version), ()) if version is not None else ()
        return (*self.by_release.get((name, None), ()), *own)


def read_annotations(path: Path, *, shown: str) -> BuildAnnotations:
    """Read `[[package]]` tables with `name` and `build-dependencies`; raises MalformedAnnotations."""
    try:
        document = tomli.loads(path.read_bytes().decode())
    except OSError as error:
        raise MalformedAnnotations(shown, error.strerror or type(error).__name__) from error
    except (ValueError, RecursionError) as error:
        raise MalformedAnnotations(shown, str(error)) from None
    tables = document.get("package", [])
    found: dict[tuple[str, str | None], tuple[str, ...]] = {}
    for table in tables if isinstance(tables, list) else [None]:
        name = table.get("name") if isinstance(table, dict) else None
        version = table.get("version") if isinstance(table, dict) else None
        needed = table.get("build-dependencies", []) if isinstance(table, dict) else None
        texts = (
            [one.get("name") if isinstance(one, dict) else one for one in needed] if isinstance(needed, list) else []
        )
        if not isinstance(name, str) or not all(isinstance(text, str) for text in texts):
            raise MalformedAnnotations(shown, "a `package` table needs a `name` and a list of `build-dependencies`")
        if version is not None and not isinstance(version, str):
            raise MalformedAnnotations(shown, f"the `version` of `{name}` is not a text")
        # A build finds out itself whether it makes native code.
        if isinstance(table, dict) and not isinstance(table.get("native", False), bool):
            raise MalformedAnnotations(shown, f"`native` of `{name}` is neither true nor false")
        try:
            found[normalise_name(name), version] = tuple(normalise_name(str(text)) for text in texts)
        except ValueError as error:
            raise MalformedAnnotations(shown, str(error)) from None
    return BuildAnnotations(found)
