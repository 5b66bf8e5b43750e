"""The workspace in memory with the modules that make archives."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

import analysis_workspace
import pytest
from analysis_workspace import AnalysisWorkspace, ValueHub

from venvship.loading.repositories import KnownRepositories, Repository
from venvship.session.repositories import builtin_modules_root

_MODULES = ("rules_pkg", "tar.bzl")


def _with_archives(repositories: Iterable[Repository]) -> KnownRepositories:
    known = list(repositories)
    mapping = {**known[0].mapping, **{name: name for name in _MODULES}}
    root = builtin_modules_root()
    known += [Repository(name, mapping, root=str(root / name), is_builtin=True) for name in _MODULES]
    return KnownRepositories([replace(one, mapping=mapping) for one in known])


class ArchiveWorkspace(AnalysisWorkspace):
    """Files by path; every file that a BUILD file names must be among them."""

    def __init__(self, files: Mapping[str, str], *, hub: ValueHub) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(analysis_workspace, "KnownRepositories", _with_archives)
            super().__init__(files, hub=hub)
