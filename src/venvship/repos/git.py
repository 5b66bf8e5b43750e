"""Commits of git repositories, through the `git` program and the user's settings for it."""

from __future__ import annotations

import enum
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from venvship.errors import EnvironmentProblem, UserError
from venvship.host.files import remove
from venvship.host.processes import Children, ProgramNotStarted
from venvship.repos.programs import run_program

_REFERENCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/+-]*\Z")
_COMMIT = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?\Z")
_SHOWN_LINES = 8


_WITH_LARGE_FILES = (
    *("-c", "filter.lfs.process=git-lfs filter-process", "-c", "filter.lfs.smudge=git-lfs smudge -- %f"),
    *("-c", "filter.lfs.required=true"),
)


class LargeFiles(enum.Enum):
    """What happens to files that Git LFS keeps."""

    FILLED_IN = enum.auto()  # whatever git is set up for here; Git LFS must be there
    LEFT = enum.auto()  # what stands for them is there in their place, as for everybody else
    AS_SET_UP = enum.auto()  # as git does it on this machine


class GitFailed(EnvironmentProblem):
    """Git could not bring what was asked for."""

    def __init__(self, what: str, output: str) -> None:
        lines = [line for line in output.strip().splitlines() if line.strip()][-_SHOWN_LINES:]
        super().__init__("\n".join([f"git could not {what}:", *(f"  {line}" for line in lines)]))


class BadReference(UserError):
    """A commit, tag or remote has a form that git would take for something else."""


def check_out(
    remote: str,
    reference: str,
    directory: Path,
    *,
    children: Children,
    submodules: bool = False,
    large_files: LargeFiles = LargeFiles.AS_SET_UP,
    environment: Mapping[str, str] | None = None,
) -> str:
    """Fill the empty `directory` with a commit, tag or branch of `remote`; answers the commit."""
    if not _REFERENCE.match(reference) or ".." in reference:
        raise BadReference(f"`{reference}` is no commit, tag or branch")
    if remote.startswith("-") or not remote:
        raise BadReference(f"`{remote}` is no address of a git repository")
    outer = dict(environment if environment is not None else os.environ)
    # Git is told nothing by a repository that the command happens to run in, and asks nobody.
    kept = {name: value for name, value in outer.items() if not name.startswith("GIT_DIR") and name not in _PLACES}
    variables = {**kept, "GIT_TERMINAL_PROMPT": "0", "GIT_CONFIG_NOSYSTEM": outer.get("GIT_CONFIG_NOSYSTEM", "0")}
    if large_files is not LargeFiles.AS_SET_UP:
        variables["GIT_LFS_SKIP_SMUDGE"] = "1" if large_files is LargeFiles.LEFT else "0"
    scratch = directory / ".git"

    def git(*arguments: str, what: str, optional: bool = False) -> str | None:
        argv: Sequence[str] = ("git", "-c", "core.hooksPath=/dev/null", "-c", "advice.detachedHead=false", *arguments)
        try:
            result = run_program(children, argv, directory=directory, environment=variables, timeout=3600)
        except ProgramNotStarted as error:
            raise GitFailed(what, f"{error.message}\ninstall git, or use an archive") from error
        if result.return_code != 0:
            if optional:
                return None
            raise GitFailed(what, result.stderr or result.stdout)
        return result.stdout.strip()

    shown = f"fetch `{reference}` from `{remote}`"
    filled_in = large_files is LargeFiles.FILLED_IN
    if filled_in and git("lfs", "version", what=shown, optional=True) is None:
        raise GitFailed(shown, "files of it are kept by Git LFS, which git does not have here: install `git-lfs`")
    git("init", "--quiet", ".", what="make a repository")
    # Submodules and large files are looked for beside it.
    git("remote", "add", "origin", remote, what=shown)
    if git("fetch", "--quiet", "--depth=1", "--no-tags", "--", remote, reference, what=shown, optional=True) is None:
        # Not every server gives out single commits.
        refspecs = ("+refs/heads/*:refs/remotes/origin/*", "+refs/tags/*:refs/tags/*")
        git("fetch", "--quiet", "--", remote, *refspecs, what=shown)
        name = git("rev-parse", "--verify", "--quiet", f"{reference}^{{commit}}", what=shown, optional=True)
        name = name or git("rev-parse", "--verify", f"origin/{reference}^{{commit}}", what=shown)
    else:
        name = git("rev-parse", "--verify", "FETCH_HEAD^{commit}", what=shown)
    assert name is not None
    if _COMMIT.match(reference) and name != reference:
        raise GitFailed(shown, f"it answered with commit {name}")
    filters = _WITH_LARGE_FILES if filled_in else ()
    git(*filters, "checkout", "--quiet", "--detach", name, what=f"check out `{reference}`")
    if submodules:
        git("submodule", "update", "--quiet", "--init", "--recursive", what="check out submodules")
        for path in directory.rglob(".git"):
            if path != scratch:
                remove(path)
    remove(scratch)
    return name


_PLACES = frozenset(
    {"GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_OBJECT_DIRECTORY", "GIT_NAMESPACE", "GIT_COMMON_DIR", "GIT_PREFIX"}
)
