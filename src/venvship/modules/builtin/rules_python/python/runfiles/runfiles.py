"""Finds the files that a program carries along, wherever the program is started from.

    files = Runfiles.CreateOrRaise()
    with open(files.Rlocation("_main/app/settings.json")) as settings:
        ...

The first part of a path is a repository, by the name that the caller's own repository has for it.
"""

from __future__ import annotations

import inspect
import os
import pathlib
import posixpath
from collections.abc import Mapping

_MAIN = "_main"
_REPOSITORIES = "_repo_mapping"
_DIRECTORY_VARIABLES = ("RUNFILES_DIR", "JAVA_RUNFILES")
_MANIFEST_VARIABLE = "RUNFILES_MANIFEST_FILE"


class Runfiles:
    """The runfiles of this program: a directory, or a manifest that tells where each file is."""

    def __init__(self, *, directory: str = "", manifest: str = "") -> None:
        self._directory = directory
        self._manifest = manifest
        self._entries = _read_manifest(manifest) if manifest else None
        self._exact, self._prefixes = _read_repositories(self._located(_REPOSITORIES))

    @staticmethod
    def Create(env: Mapping[str, str] | None = None) -> Runfiles | None:
        """What the environment names, or else what lies around this module; None if there is neither."""
        variables = os.environ if env is None else env
        manifest = variables.get(_MANIFEST_VARIABLE, "")
        if manifest:
            return Runfiles(manifest=manifest)
        directory = variables.get("RUNFILES_DIR", "")
        if not directory and env is None:
            directory = _directory_around(os.path.abspath(__file__))
        return Runfiles(directory=directory) if directory else None

    @staticmethod
    def CreateOrRaise(env: Mapping[str, str] | None = None) -> Runfiles:
        """As `Create`; raises ValueError where that gives None."""
        found = Runfiles.Create(env)
        if found is None:
            raise ValueError("this program has no runfiles: neither RUNFILES_DIR nor RUNFILES_MANIFEST_FILE is set")
        return found

    @staticmethod
    def CreateManifestBased(manifest_path: str) -> Runfiles:
        return Runfiles(manifest=manifest_path)

    @staticmethod
    def CreateDirectoryBased(runfiles_dir_path: str) -> Runfiles:
        return Runfiles(directory=runfiles_dir_path)

    def Rlocation(self, path: str, source_repo: str | None = None) -> str | None:
        """Where a file is, which need not exist; None if a manifest does not know it.

        `source_repo` is the canonical name of the repository whose names count, by default the caller's.
        """
        if not isinstance(path, str):
            raise TypeError(f"a path is text, not {type(path).__name__}")
        if not path:
            raise ValueError("a path can't be empty")
        if os.path.isabs(path):
            return path
        if path.startswith(("\\", "../")) or posixpath.normpath(path) != path or path == "..":
            raise ValueError(f'"{path}" is no normalized path')
        repository, slash, rest = path.partition("/")
        if slash and (self._exact or self._prefixes):
            source = self.CurrentRepository(2) if source_repo is None else source_repo
            path = f"{self._canonical(source, repository)}/{rest}"
        return self._located(path)

    def root(self, source_repo: str | None = None) -> Path:
        """What paths begin with: `files.root() / "_main/app/settings.json"`; `source_repo` as for `Rlocation`."""
        return Path(self, self.CurrentRepository(2) if source_repo is None else source_repo)

    def EnvVars(self) -> dict[str, str]:
        """The variables by which programs that this one starts find the same files."""
        if self._entries is not None:
            found = {_MANIFEST_VARIABLE: self._manifest}
            tree = self._manifest[: -len("_manifest")] if self._manifest.endswith(".runfiles_manifest") else ""
            tree = tree or (os.path.dirname(self._manifest) if os.path.basename(self._manifest) == "MANIFEST" else "")
            return {**found, **dict.fromkeys(_DIRECTORY_VARIABLES, tree)} if tree else found
        return dict.fromkeys(_DIRECTORY_VARIABLES, self._directory)

    def CurrentRepository(self, frame: int = 1) -> str:
        """The canonical name of the repository that the caller's file belongs to, empty for the main one.

        With `frame` above 1 it is the file of the caller's caller, and so on.
        """
        path = os.path.abspath(inspect.stack(0)[frame].filename)
        root = os.path.abspath(self._directory) if self._directory else _directory_around(path)
        if not root or not path.startswith(root + os.sep):
            return ""
        name = path[len(root) + 1 :].replace(os.sep, "/").partition("/")[0]
        return "" if name == _MAIN else name

    def _canonical(self, source: str, repository: str) -> str:
        found = self._exact.get((source, repository))
        if found is not None:
            return found
        for prefix, apparent, target in self._prefixes:
            if apparent == repository and source.startswith(prefix):
                return target
        return repository

    def _located(self, path: str) -> str | None:
        if self._entries is None:
            return posixpath.join(self._directory.replace("\\", "/"), path)
        if path in self._entries:
            return self._entries[path]
        # A directory is listed by its own path, and what lies in it is not.
        above = posixpath.dirname(path)
        while above:
            if above in self._entries:
                return f"{self._entries[above]}/{path[len(above) + 1 :]}"
            above = posixpath.dirname(above)
        return None


class Path(os.PathLike):  # type: ignore[type-arg]
    """A path below the runfiles, whose first part is a repository; it can do what a `pathlib.Path` can."""

    def __init__(self, runfiles: Runfiles, source: str, path: str = "") -> None:
        self._runfiles = runfiles
        self._source = source
        self._path = path

    def __truediv__(self, other: str | os.PathLike[str]) -> Path:
        return Path(self._runfiles, self._source, posixpath.join(self._path, os.fspath(other)))

    def joinpath(self, *others: str | os.PathLike[str]) -> Path:
        """What `/` makes of all of them."""
        path = self
        for other in others:
            path = path / other
        return path

    def __fspath__(self) -> str:
        """Where the file is; raises FileNotFoundError if a manifest does not know it."""
        found = self._runfiles.Rlocation(self._path, self._source) if self._path else self._runfiles._directory
        if not found:
            raise FileNotFoundError(f"`{self._path}` is not among the runfiles")
        return found

    def __getattr__(self, name: str) -> object:
        if name.startswith("__"):
            raise AttributeError(name)
        return getattr(pathlib.Path(self.__fspath__()), name)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Path) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return self.__fspath__()

    def __repr__(self) -> str:
        return f"runfiles.Path({self._path!r})"


def Create(env: Mapping[str, str] | None = None) -> Runfiles | None:
    return Runfiles.Create(env)


def CreateOrRaise(env: Mapping[str, str] | None = None) -> Runfiles:
    return Runfiles.CreateOrRaise(env)


def CreateManifestBased(manifest_path: str) -> Runfiles:
    return Runfiles.CreateManifestBased(manifest_path)


def CreateDirectoryBased(runfiles_dir_path: str) -> Runfiles:
    return Runfiles.CreateDirectoryBased(runfiles_dir_path)


def _directory_around(path: str) -> str:
    """The runfiles directory that holds `path`."""
    head, mark, _ = path.rpartition(".runfiles" + os.sep)
    return head + ".runfiles" if mark else ""


def _read_manifest(path: str) -> dict[str, str]:
    entries = {}
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            text = line.rstrip("\n")
            # A line that begins with a space has escapes, so that names may have spaces and line ends.
            if text.startswith(" "):
                name, _, target = text[1:].partition(" ")
                name = name.replace("\\s", " ").replace("\\n", "\n").replace("\\b", "\\")
                target = target.replace("\\n", "\n").replace("\\b", "\\")
            else:
                name, _, target = text.partition(" ")
            entries[name] = target
    return entries


def _read_repositories(path: str | None) -> tuple[dict[tuple[str, str], str], list[tuple[str, str, str]]]:
    """The names that repositories have for each other, and those of all that begin alike."""
    exact: dict[tuple[str, str], str] = {}
    prefixes: list[tuple[str, str, str]] = []
    if not path or not os.path.isfile(path):
        return exact, prefixes
    with open(path, encoding="utf-8", newline="\n") as file:
        for line in file:
            source, _, rest = line.rstrip("\n").partition(",")
            apparent, _, target = rest.partition(",")
            if source.endswith("*"):
                prefixes.append((source[:-1], apparent, target))
            else:
                exact[source, apparent] = target
    return exact, prefixes
