"""Whether a file of which a command made something says the same as before, for all that commands read in it."""

from __future__ import annotations

from typing import Final

from venvship.loading.workspace import MODULE_FILE
from venvship.starlark.dialect import Dialect
from venvship.starlark.meaning import same_meaning

PROJECT_FILE: Final = "pyproject.toml"

_UNREAD: Final = frozenset(
    {
        *("autopep8", "bandit", "basedpyright", "black", "codespell", "commitizen", "coverage", "deptry", "djlint"),
        *("docformatter", "flake8", "importlinter", "interrogate", "isort", "mutmut", "mypy", "numpydoc_validation"),
        *("poe", "pydocstyle", "pylint", "pyrefly", "pyright", "pytest", "ruff", "semantic_release", "taskipy"),
        *("towncrier", "tox", "ty", "typos", "vulture", "yapf"),
    }
)
"""Tools whose tables in a `pyproject.toml` say nothing of what is built; those that tests read are sources of these."""

_UNSHOWN: Final = frozenset(
    {
        *("authors", "classifiers", "description", "keywords", "license", "license-files", "maintainers", "readme"),
        "urls",
    }
)
"""What a project tells those who look for it in an index, and nobody who builds."""

_INSTALLED: Final = frozenset({"entry-points", "gui-scripts", "scripts", "version"})
"""What concerns a project itself, and no lock."""


def says_the_same(path: str, old: bytes, new: bytes) -> bool:
    """Whether two texts of the file at `path`, of which the old one was read without complaints, have one meaning."""
    if old == new:
        return True
    name = path.rpartition("/")[2]
    if name == PROJECT_FILE:
        return _project(old) == _project(new) is not None
    dialect = Dialect.MODULE if name == MODULE_FILE else Dialect.BZL if name.endswith(".bzl") else Dialect.BUILD
    return same_meaning(old, new, dialect=dialect)


def differs_as_installed(path: str, old: bytes, new: bytes) -> bool:
    """Whether a file is that of a project, and differs in no more than what the project is installed as."""
    if path.rpartition("/")[2] != PROJECT_FILE:
        return False
    projects = [_project(text) for text in (old, new)]
    for one in projects:
        if one is None or not isinstance(table := one.get("project"), dict):
            return False
        for name in _INSTALLED:
            table.pop(name, None)
    return projects[0] == projects[1]


def _project(text: bytes) -> dict[str, object] | None:
    """What may be read in a `pyproject.toml`; None for one that is wrong, which someone may complain of."""
    import tomli  # Few commands find such a file changed.

    try:
        document = tomli.loads(text.decode())
    except (ValueError, RecursionError):
        return None
    project = document.get("project")
    if isinstance(project, dict):
        document["project"] = {name: value for name, value in project.items() if name not in _UNSHOWN}
    tools = document.pop("tool", None)
    if not isinstance(tools, dict):
        return document if tools is None else None
    read = {name: table for name, table in tools.items() if name not in _UNREAD}
    return {**document, "tool": read} if read else document
