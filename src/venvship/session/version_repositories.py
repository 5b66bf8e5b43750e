"""Repositories that the extension `python` of rules_python makes: one for each version, and what lists them.

`@python_3_12//:defs.bzl` has the macros of rules_python with that version, `@python_versions//3.12:defs.bzl` the same,
and `@pythons_hub` tells which versions there are. `@python_3_12//:python3` is the interpreter as a program for other
rules.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Final

from venvship.dataclass import dataclass
from venvship.loading.repositories import GeneratedPackages, TargetSpec
from venvship.model.platform import PythonVersion
from venvship.session.extensions import Extensions

_NAME: Final = re.compile(r"python_(\d+)_(\d+)(?:_\d+)?(?:_host|_[a-z0-9_]+-[a-z0-9_-]+)?", re.ASCII)
_MACROS: Final = "defs.bzl"

_DEFS = '''"""Macros of rules_python for Python {version}."""

load("@@rules_python//python:pip.bzl", _compile_pip_requirements = "compile_pip_requirements")
load("@@rules_python//python:py_binary.bzl", _py_binary = "py_binary")
load("@@rules_python//python:py_test.bzl", _py_test = "py_test")
load(
    "@@rules_python//python/entry_points:py_console_script_binary.bzl",
    _py_console_script_binary = "py_console_script_binary",
)

interpreter = "{program}"

def py_binary(name, **kwargs):
    return _py_binary(name = name, **({"python_version": "{version}"} | kwargs))

def py_test(name, **kwargs):
    return _py_test(name = name, **({"python_version": "{version}"} | kwargs))

def py_console_script_binary(name, **kwargs):
    return _py_console_script_binary(name = name, **({"python_version": "{version}"} | kwargs))

def compile_pip_requirements(name, **kwargs):
    return _compile_pip_requirements(name = name, **({"python_version": "{version}"} | kwargs))
'''


@dataclass(frozen=True, slots=True)
class OneVersion:
    """`@python_3_12`, or `@python_3_12_host`."""

    canonical_name: str
    version: PythonVersion

    def package(self, path: str) -> Sequence[TargetSpec] | None:
        if path:
            return None
        given = {"python_version": str(self.version)}
        return [
            *(TargetSpec("python_program", name, given) for name in ("python", "python3")),
            *(TargetSpec("python_files", name, given) for name in ("files", "py3_runtime")),
        ]

    def package_paths(self) -> Iterable[str]:
        return ("",)

    def source(self, path: str) -> bytes | None:
        return macros(self.version, f"@@{self.canonical_name}//:python3") if path == _MACROS else None

    def source_paths(self) -> Iterable[str]:
        return (_MACROS,)


@dataclass(frozen=True, slots=True)
class AllVersions:
    """`@python_versions`: a package for each version."""

    versions: tuple[PythonVersion, ...]

    def package(self, path: str) -> Sequence[TargetSpec] | None:
        return [] if path in self.package_paths() else None

    def package_paths(self) -> Iterable[str]:
        return ["", *map(str, self.versions)]

    def source(self, path: str) -> bytes | None:
        for version in self.versions:
            if path == f"{version}/{_MACROS}":
                return macros(version, f"@@python_{str(version).replace('.', '_')}//:python3")
        return None

    def source_paths(self) -> Iterable[str]:
        return [f"{version}/{_MACROS}" for version in self.versions]


@dataclass(frozen=True, slots=True)
class VersionsHub:
    """`@pythons_hub`: the versions as values."""

    versions: tuple[PythonVersion, ...]
    exact: tuple[str, ...]
    default: PythonVersion | None

    def package(self, path: str) -> Sequence[TargetSpec] | None:
        return None if path else []

    def package_paths(self) -> Iterable[str]:
        return ("",)

    def source(self, path: str) -> bytes | None:
        if path not in self.source_paths():
            return None
        default = self.default or next(iter(self.versions), "")
        full = {str(version): self._full(version) for version in self.versions}
        text = f'"""Versions of Python that the workspace names."""\n\nDEFAULT_PYTHON_VERSION = "{default}"\n'
        if path == "versions.bzl":
            entries = ", ".join(f'"{minor}": "{version}"' for minor, version in full.items())
            listed = ", ".join(f'"{version}"' for version in full.values())
            text += f"MINOR_MAPPING = {{{entries}}}\nPYTHON_VERSIONS = [{listed}]\n"
        return text.encode()

    def source_paths(self) -> Iterable[str]:
        return ("versions.bzl", "interpreters.bzl")

    def _full(self, version: PythonVersion) -> str:
        return next((text for text in self.exact if PythonVersion.parse(text) == version), str(version))


def macros(version: PythonVersion, program: str) -> bytes:
    """The `defs.bzl` of a version, whose interpreter is `program`."""
    return _DEFS.replace("{version}", str(version)).replace("{program}", program).encode()


def version_repositories(extensions: Extensions) -> Mapping[str, GeneratedPackages]:
    """Those of the repositories that modules import which the named versions make."""
    versions = extensions.python_versions
    by_name = {(version.major, version.minor): version for version in versions}
    found: dict[str, GeneratedPackages] = {}
    for name in sorted(extensions.repositories - extensions.hubs.keys()):
        match = _NAME.fullmatch(name)
        if match is not None:
            version = by_name.get((int(match[1]), int(match[2])))
            if version is not None:
                found[name] = OneVersion(name, version)
        elif name == "python_versions":
            found[name] = AllVersions(versions)
        elif name == "pythons_hub":
            found[name] = VersionsHub(versions, extensions.exact_versions, extensions.default_python)
    return found
