"""What an installer would take of a project's directory, where no target says which files its code is.

The root of the code is where the settings of the project's build backend say, else `src`, else the directory itself.
Below `src` everything is code. A directory that is a root itself holds much else: of that, the package or module with
the name of the project is taken, or all packages and modules but those that are about the project.
"""

from __future__ import annotations

import posixpath
from collections.abc import Callable, Iterable, Mapping
from typing import Final

# What setuptools leaves out as well when it looks for packages.
_ABOUT_IT: Final = frozenset(
    {
        *("test", "tests", "testing", "doc", "docs", "documentation", "example", "examples", "benchmark", "benchmarks"),
        *("script", "scripts", "tool", "tools", "util", "utils", "build", "dist", "site", "exercise", "exercises"),
        *("ci", "bin", "manpages", "news", "newsfragments", "changelog", "node_modules", "requirements", "tasks"),
        *("setup.py", "conftest.py", "noxfile.py", "dodo.py", "fabfile.py", "toxfile.py", "manage.py", "tasks.py"),
    }
)
_SOURCE_ROOT: Final = "src"


def declared_root(pyproject: Mapping[str, object]) -> str | None:
    """The directory of the code as the settings of a build backend say it; None when they say nothing."""
    for keys in (
        ("tool", "uv", "build-backend", "module-root"),
        ("tool", "setuptools", "package-dir", ""),
        ("tool", "setuptools", "packages", "find", "where"),
        ("tool", "maturin", "python-source"),
    ):
        value: object = pyproject
        for key in keys:
            value = value.get(key) if isinstance(value, Mapping) else None
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if isinstance(value, str):
            normal = posixpath.normpath(value or ".")
            if not normal.startswith(("/", "..")):
                return normal
    return None


def code_root(declared: str | None, *, has_source_directory: bool) -> str:
    """The directory below which imports begin, relative to the project; `.` is the project itself."""
    if declared is not None:
        return declared
    return _SOURCE_ROOT if has_source_directory else "."


def installed_entries(
    project: str, root: str, names: Iterable[str], is_package: Callable[[str], bool]
) -> tuple[str, ...]:
    """Those of the entries `names` of a code root that are code; `is_package` tells directories that hold modules.

    >>> installed_entries("my-app", ".", ["my_app", "tests", "setup.py"], lambda name: name in ("my_app", "tests"))
    ('my_app',)
    """
    visible = sorted(name for name in names if not name.startswith((".", "__pycache__")) and not _is_metadata(name))
    if root != ".":
        return tuple(visible)
    module = project.replace("-", "_").replace(".", "_")
    own = [name for name in visible if name.lower() in (module, f"{module}.py")]
    if own:
        return tuple(own)
    return tuple(name for name in visible if name not in _ABOUT_IT and (name.endswith(".py") or is_package(name)))


def _is_metadata(name: str) -> bool:
    return name.endswith((".egg-info", ".dist-info"))
