"""What an interpreter says of itself."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Self

from venvship.dataclass import dataclass
from venvship.errors import EnvironmentProblem
from venvship.model.platform import PythonVersion

PROBE = """\
import json, os, sys, sysconfig
v = sysconfig.get_config_var
level, serial = sys.version_info[3:]
paths = sysconfig.get_paths()
print(json.dumps({
    "executable": os.path.realpath(getattr(sys, "_base_executable", None) or sys.executable),
    "version": ".".join(map(str, sys.version_info[:3])),
    "release": level if level == "final" else level + str(serial),
    "implementation": sys.implementation.name,
    "cache_tag": sys.implementation.cache_tag,
    "soabi": v("SOABI") or "",
    "prefix": sys.base_prefix,
    "exec_prefix": sys.base_exec_prefix,
    "stdlib": paths["stdlib"],
    "platstdlib": paths["platstdlib"],
    "include": paths["include"],
    "library_directory": v("LIBDIR") or "",
    "shared_library": (v("INSTSONAME") or "") if v("Py_ENABLE_SHARED") else "",
    "freethreaded": bool(v("Py_GIL_DISABLED")),
    "platform": sysconfig.get_platform(),
}))
"""
"""A program that any Python from 3.6 runs with `-I -S -c`; prints what `InterpreterFacts.decode` reads."""


class UnreadableFacts(EnvironmentProblem):
    """A program that should be a Python interpreter answered something else."""


@dataclass(frozen=True, slots=True)
class InterpreterFacts:
    """Version, layout and ABI of one installed interpreter; every path is of the machine it was asked on."""

    executable: str
    version: str
    release: str
    implementation: str
    cache_tag: str
    soabi: str
    prefix: str
    exec_prefix: str
    stdlib: str
    platstdlib: str
    include: str
    library_directory: str
    shared_library: str
    freethreaded: bool
    platform: str

    @property
    def python(self) -> PythonVersion:
        version = PythonVersion.parse(self.version)
        return PythonVersion(version.major, version.minor, self.freethreaded)

    @property
    def full_version(self) -> tuple[int, ...]:
        return tuple(int(part) for part in self.version.split("."))

    def encode(self) -> bytes:
        values = {name: getattr(self, name) for name in self.__slots__}
        return json.dumps(values, sort_keys=True).encode()

    @classmethod
    def decode(cls, data: bytes) -> Self:
        """Read the answer of `PROBE`; raises UnreadableFacts."""
        try:
            document = json.loads(data)
        except ValueError as error:
            raise UnreadableFacts(f"an interpreter answered no JSON: {data[:200]!r}") from error
        if not isinstance(document, dict):
            raise UnreadableFacts(f"an interpreter answered {data[:200]!r}")
        return cls.of(document)

    @classmethod
    def of(cls, document: Mapping[str, object]) -> Self:
        values: dict[str, object] = {}
        for name in cls.__slots__:
            value = document.get(name)
            if not isinstance(value, bool if name == "freethreaded" else str):
                raise UnreadableFacts(f"an interpreter answered {value!r} for `{name}`")
            values[name] = value
        facts = cls(**values)  # type: ignore[arg-type]
        try:
            PythonVersion.parse(facts.version)
        except ValueError as error:
            raise UnreadableFacts(f"an interpreter answered the version `{facts.version}`") from error
        return facts
