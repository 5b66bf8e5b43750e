"""`repository_ctx`: what the implementation of a repository rule is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from venvship.loading.named_values import shown_value
from venvship.loading.repository_rule import RepositoryCall
from venvship.repos.external_store import Making
from venvship.repos.host_operations import REPOSITORY_METHODS, HostOperations, Services, os_value
from venvship.repos.host_path import HostPath
from venvship.starlark.host_types import HostType, Value, register
from venvship.starlark.structs import Struct


class RepositoryContext(HostOperations):
    """One repository while its rule runs."""

    def __init__(self, name: str, call: RepositoryCall, making: Making, services: Services) -> None:
        def note(one: tuple[str, str]) -> None:
            making.inputs[one] = None

        super().__init__(making.directory, services, note)
        self.name = name
        self.original_name = call.name
        self.attributes = Struct({"name": name, **{key: shown_value(one) for key, one in call.attributes.items()}})


class RepositoryMetadata:
    """What `repo_metadata` answers; says nothing that is used."""

    __slots__ = ()


def _repo_metadata(
    it: RepositoryContext, *, reproducible: bool = False, attrs_for_reproducibility: Mapping[str, Value] | None = None
) -> RepositoryMetadata:
    return RepositoryMetadata()


def _workspace_root(it: RepositoryContext) -> HostPath:
    return HostPath(str(Path(it.services.workspace)), it.note)


register(RepositoryMetadata, HostType(name="repo_metadata"))
register(
    RepositoryContext,
    HostType(
        name="repository_ctx",
        fields={
            "attr": lambda it: it.attributes,
            "name": lambda it: it.name,
            "original_name": lambda it: it.original_name,
            "os": lambda it: os_value(it.services.observer.environment),
            "workspace_root": _workspace_root,
        },
        methods={**REPOSITORY_METHODS, "repo_metadata": _repo_metadata},
    ),
)
