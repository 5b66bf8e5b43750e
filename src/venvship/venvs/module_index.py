"""Which distribution a module is of, for tools that write `deps` by looking at imports."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping

from venvship.venvs.wheel_layout import InstalledWheel

_SOURCES = (".py",)
_LIBRARIES = (".so", ".dylib")


def module_names(paths: Iterable[str]) -> Iterator[str]:
    """The modules that files of site-packages are, without private ones.

    >>> list(module_names(["six.py", "a/__init__.py", "a/_b.py", "a/c.cpython-311.so", "a/words.txt"]))
    ['six', 'a', 'a.c']
    """
    for path in paths:
        if path.endswith(_SOURCES):
            stem = path.removesuffix(".py").removesuffix("/__init__")
        elif path.endswith(_LIBRARIES):
            directory, _, name = path.rpartition("/")
            stem = f"{directory}/{name.partition('.')[0]}".lstrip("/")
        else:
            continue
        parts = stem.split("/")
        if all(part.isidentifier() and not part.startswith("_") for part in parts):
            yield ".".join(parts)


def is_stubs(package: str) -> bool:
    """Whether a distribution is called like one of stubs; Gazelle's plugin looks for such names beside each other one.

    >>> is_stubs("types_requests"), is_stubs("boto3_stubs"), is_stubs("requests")
    (True, True, False)
    """
    return package.startswith(("types_", "stubs_")) or package.endswith(("_stubs", "_types"))


def module_index(wheels: Iterable[InstalledWheel], *, excluded: Iterable[re.Pattern[str]] = ()) -> Mapping[str, str]:
    """The shortest names that tell distributions apart, with the distribution of each.

    A package that several distributions have is told by what is below it; other modules are those of the first one.
    Modules in whose names one of the patterns `excluded` is found are left out.
    """
    patterns = tuple(excluded)
    owners: defaultdict[str, set[str]] = defaultdict(set)
    for wheel in wheels:
        for name in module_names(wheel.site.paths):
            if not any(pattern.search(name) for pattern in patterns):
                owners[name].add(wheel.project)
    above = {name.rpartition(".")[0] for name in owners}
    found: dict[str, str] = {}
    for name in sorted(owners):
        if len(owners[name]) > 1 and name in above:
            continue
        project = min(owners[name])
        if not _told(name, project, found):
            found[name] = project
    return found


def _told(name: str, project: str, found: Mapping[str, str]) -> bool:
    """Whether a module above says already whose it is."""
    parent = name.rpartition(".")[0]
    while parent:
        if parent in found:
            return found[parent] == project
        parent = parent.rpartition(".")[0]
    return False
