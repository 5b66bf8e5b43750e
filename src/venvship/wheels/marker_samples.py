"""Environments that tell markers apart.

Resolvers spell markers in their own way, so two are the same when they hold in the same environments. Those that are
asked vary in what the markers speak of, and agree in themselves: nothing is Windows by one variable only.
"""

from __future__ import annotations

import functools
import itertools
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import InvalidVersion, Version

from venvship.wheels.markers import (
    AllOf,
    AnyOf,
    ContainsTest,
    Marker,
    MarkerEnvironment,
    MemberTest,
    TextTest,
    VersionTest,
)

SAMPLE_VERSIONS = tuple(f"3.{minor}.{patch}" for minor in range(6, 21) for patch in (0, 99))
_VERSIONS = frozenset({"implementation_version", "python_full_version", "python_version"})
_SYSTEMS = (
    ("linux", "posix", "Linux"),
    ("darwin", "posix", "Darwin"),
    ("win32", "nt", "Windows"),
    ("freebsd", "posix", "FreeBSD"),
    ("emscripten", "posix", "Emscripten"),
    ("android", "posix", "Android"),
    ("ios", "posix", "iOS"),
)
_MACHINES = ("x86_64", "aarch64", "arm64", "AMD64")
_IMPLEMENTATIONS = (("cpython", "CPython"), ("pypy", "PyPy"))
# More than this many values of one variable are not worth the time.
_MOST = 24


def sample_environments(markers: Iterable[Marker], requires_python: str) -> tuple[MarkerEnvironment, ...]:
    """Environments of these versions of Python in which the markers may differ."""
    said: defaultdict[str, set[str]] = defaultdict(set)
    for marker in markers:
        for variable, literals in _tests(marker):
            said[variable].update(literals)
    named = tuple(sorted((variable, tuple(sorted(literals)[:_MOST])) for variable, literals in said.items()))
    return _environments(named, requires_python)


def extras_of(markers: Iterable[Marker]) -> frozenset[str]:
    """The extras that markers ask for."""
    return frozenset(
        item for marker in markers for variable, literals in _tests(marker) if variable == "extra" for item in literals
    )


def _tests(marker: Marker) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The variables of a marker, with what each is compared with."""
    match marker:
        case AllOf(parts) | AnyOf(parts):
            for part in parts:
                yield from _tests(part)
        case MemberTest(variable, item, _):
            yield variable, (item,)
        case VersionTest(variable, _, version):
            yield variable, (version,)
        case ContainsTest(variable, text, _, _):
            yield variable, tuple(re.findall(r"[^\s,]+", text))
        case TextTest(variable, _, text):
            yield variable, (text,)


@functools.lru_cache(maxsize=256)
def _environments(said: tuple[tuple[str, tuple[str, ...]], ...], requires_python: str) -> tuple[MarkerEnvironment, ...]:
    literals = dict(said)
    versions = _versions(literals, requires_python)
    if not versions:
        return ()
    systems: tuple[tuple[str, str, str], ...] = _SYSTEMS[:1]
    if not literals.keys().isdisjoint(("os_name", "platform_system", "sys_platform")):
        known = {text for system in _SYSTEMS for text in system}
        more = {text for key in ("sys_platform", "platform_system") for text in literals.get(key, ())} - known
        systems = (*_SYSTEMS, *((text.lower(), "posix", text) for text in sorted(more)), ("other", "other", "Other"))
    machines = _values(literals, "platform_machine", _MACHINES)
    implementations: tuple[tuple[str, str], ...] = _IMPLEMENTATIONS[:1]
    if not literals.keys().isdisjoint(("implementation_name", "platform_python_implementation")):
        known = {text for implementation in _IMPLEMENTATIONS for text in implementation}
        keys = ("implementation_name", "platform_python_implementation")
        more = {text for key in keys for text in literals.get(key, ())} - known
        implementations = (*_IMPLEMENTATIONS, *((text.lower(), text) for text in sorted(more)), ("other", "Other"))
    releases = _values(literals, "platform_release", ("",))
    descriptions = _values(literals, "platform_version", ("",))
    return tuple(
        MarkerEnvironment(
            {
                "implementation_name": implementation[0],
                "implementation_version": version,
                "os_name": system[1],
                "platform_machine": machine,
                "platform_python_implementation": implementation[1],
                "platform_release": release,
                "platform_system": system[2],
                "platform_version": description,
                "python_full_version": version,
                "python_version": ".".join(version.split(".")[:2]),
                "sys_platform": system[0],
            }
        )
        for version, system, machine, implementation, release, description in itertools.product(
            versions, systems, machines, implementations, releases, descriptions
        )
    )


def _values(literals: dict[str, tuple[str, ...]], variable: str, usual: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys((*usual, *literals[variable]))) if variable in literals else usual[:1]


def _versions(literals: dict[str, tuple[str, ...]], requires_python: str) -> tuple[str, ...]:
    try:
        wanted = SpecifierSet(requires_python)
    except InvalidSpecifier:
        return ()
    fitting = [text for text in SAMPLE_VERSIONS if text in wanted] or [*_around(requires_python.split(","), wanted)]
    if _VERSIONS.isdisjoint(literals):
        return tuple(fitting[:1])
    named = [text for variable in sorted(_VERSIONS & literals.keys()) for text in literals[variable]]
    # Nothing changes between the versions that are named.
    minors = {minor for text in named for minor in _minors_around(text)}
    telling = [text for text in fitting if int(text.split(".")[1]) in minors]
    return tuple(dict.fromkeys((*fitting[:1], *telling, *fitting[-1:], *_around(named, wanted))))


def _minors_around(text: str) -> Iterator[int]:
    try:
        release = Version(text.removesuffix(".*")).release
    except InvalidVersion:
        return
    if len(release) > 1:
        yield from range(release[1] - 1, release[1] + 2)


def _around(named: Iterable[str], wanted: SpecifierSet) -> Iterator[str]:
    """Releases of Python at and beside those that are named with their third number."""
    for text in named:
        try:
            release = Version(text.strip(" <>=!~").removesuffix(".*")).release
        except InvalidVersion:
            continue
        for patch in range(max(release[2] - 1, 0), release[2] + 2) if len(release) == 3 else ():
            version = f"{release[0]}.{release[1]}.{patch}"
            if version in wanted:
                yield version
