"""Where the workspace is: the nearest directory upward that says it is one."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from venvship.errors import UserError
from venvship.loading.files import EntryKind, SourceFiles
from venvship.model.label import Label
from venvship.model.paths import join

MODULE_FILE = "MODULE.bazel"
BOUNDARY_FILES = (MODULE_FILE, "REPO.bazel", "WORKSPACE.bazel", "WORKSPACE")
"""A directory with one of these is the root of a repository."""

BUILD_FILES = ("BUILD.bazel", "BUILD")
"""A directory with one of these is a package; the first one counts."""


_MODULE_FOR_LOCK = """\
bazel_dep(name = "aspect_rules_py", version = "2.0.0")

uv = use_extension("@aspect_rules_py//uv:extensions.bzl", "uv")
uv.declare_hub(hub_name = "pypi")
uv.project(
    hub_name = "pypi",
    lock = "//:uv.lock",
    pyproject = "//:pyproject.toml",
)
use_repo(uv, "pypi")
"""


class NotInWorkspace(UserError):
    """No directory upward says that it is a workspace; `uv_workspace` is one of a lock file's."""

    def __init__(self, start: str, *, uv_workspace: str | None = None) -> None:
        if uv_workspace is None:
            hint = f"create an empty `{MODULE_FILE}` in the root of the repository"
        else:
            lines = "".join(f"\n    {line}" if line else "\n" for line in _MODULE_FOR_LOCK.splitlines())
            file = join_host(uv_workspace, MODULE_FILE)
            hint = f"create `{file}`, which offers what `uv.lock` holds as `@pypi`:\n{lines}"
        super().__init__(f"`{start}` is not inside a workspace", hint=hint)


def find_workspace(start: str, files: SourceFiles) -> str | None:
    """The root of the workspace that the directory `start` is in."""
    for directory in _upward(start):
        if any(files.kind(join_host(directory, name)) is EntryKind.FILE for name in BOUNDARY_FILES):
            return directory
    return None


def find_uv_workspace(start: str, files: SourceFiles) -> str | None:
    """The nearest directory upward with a `pyproject.toml` and a `uv.lock`."""
    for directory in _upward(start):
        if all(files.kind(join_host(directory, name)) is EntryKind.FILE for name in ("pyproject.toml", "uv.lock")):
            return directory
    return None


def join_host(directory: str, path: str) -> str:
    """A path below a host directory; `""` stands for the directory itself.

    >>> join_host("/", "a"), join_host("/w", ""), join_host("/w", "a/b")
    ('/a', '/w', '/w/a/b')
    """
    return f"{directory.rstrip('/')}/{path}".rstrip("/") or "/"


def path_of(label: Label, workspace: Path) -> Path:
    """The file of the workspace that a label means."""
    return Path(join_host(str(workspace), join(label.package.path, label.name)))


def _upward(start: str) -> Iterator[str]:
    directory = start.rstrip("/") or "/"
    yield directory
    while directory != "/":
        directory = directory.rpartition("/")[0] or "/"
        yield directory
