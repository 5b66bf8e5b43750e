"""Registries of modules on a network and in directories."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from directory_server import DirectoryServer, serving
from module_registry import ModuleRegistry

from venvship.errors import EnvironmentProblem, UserError
from venvship.events.build_events import Event
from venvship.modules.registry_documents import ArchiveSource, MalformedRegistry, PathSource
from venvship.repos.index_settings import IndexSettings
from venvship.repos.network import Network
from venvship.repos.registry_index import BadRegistry, ChangedRegistry, RegistryIndex
from venvship.repos.web_files import WebFiles

HOUR = 3600.0


class Events:
    def emit(self, event: Event) -> None:
        return


class Machine:
    """A cache directory, and a clock that moves when it is told to."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.later = 0.0

    def registry(self, address: str, pinned: Mapping[str, str | None] | None = None) -> RegistryIndex:
        files = WebFiles(
            self.root / "downloads",
            network=lambda: Network(IndexSettings(())),
            events=Events(),
            sleep=lambda seconds: None,
        )
        return RegistryIndex(
            address,
            workspace=self.root / "w",
            files=files,
            cache=self.root / "registries",
            read_local=lambda path: Path(path).read_bytes() if Path(path).is_file() else None,
            pinned=pinned,
            clock=self._now,
        )

    def _now(self) -> float:
        marker = self.root / "now"
        marker.touch()
        return marker.stat().st_mtime + self.later


@pytest.fixture
def made(tmp_path: Path) -> ModuleRegistry:
    registry = ModuleRegistry(tmp_path / "registry")
    registry.add("lib", "1", {"a.txt": "a"})
    registry.withdraw("lib", "1", "broken")
    return registry


@pytest.fixture
def server(made: ModuleRegistry) -> Iterator[DirectoryServer]:
    with serving(made.root) as state:
        yield state


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_registry_is_read_over_http_and_from_a_directory(
    machine: Machine, made: ModuleRegistry, server: DirectoryServer
) -> None:
    for address in (server.url, made.root.as_uri()):
        registry = machine.registry(address)
        assert b'name = "lib"' in (registry.module_file("lib", "1") or b"")
        assert registry.module_file("lib", "2") is None
        assert registry.yanked("lib") == {"1": "broken"}
        assert registry.yanked("nothing") == {}
        source = registry.source("lib", "1")
        assert isinstance(source, ArchiveSource) and source.strip_prefix == "lib-1"


def test_what_never_changes_is_asked_once(machine: Machine, server: DirectoryServer) -> None:
    for _ in range(3):
        registry = machine.registry(server.url)
        registry.module_file("lib", "1")
        registry.source("lib", "1")
        registry.yanked("lib")
        registry.module_file("lib", "9")
    assert server.requests["modules/lib/1/MODULE.bazel"] == 1
    assert server.requests["modules/lib/1/source.json"] == 1
    assert server.requests["modules/lib/metadata.json"] == 1
    assert server.requests["modules/lib/9/MODULE.bazel"] == 1


def test_what_may_change_is_asked_again_after_an_hour(
    machine: Machine, made: ModuleRegistry, server: DirectoryServer
) -> None:
    machine.registry(server.url).yanked("lib")
    assert machine.registry(server.url).module_file("lib", "2") is None
    made.withdraw("lib", "1", "other")
    made.add("lib", "2", {})
    assert machine.registry(server.url).yanked("lib") == {"1": "broken"}
    machine.later = 2 * HOUR
    assert machine.registry(server.url).yanked("lib") == {"1": "other"}
    assert machine.registry(server.url).module_file("lib", "2") is not None


def test_an_old_answer_serves_where_the_network_does_not(machine: Machine, server: DirectoryServer) -> None:
    machine.registry(server.url).yanked("lib")
    server.broken = 503
    machine.later = 2 * HOUR
    assert machine.registry(server.url).yanked("lib") == {"1": "broken"}
    with pytest.raises(EnvironmentProblem, match="can't download"):
        machine.registry(server.url).yanked("never_asked")


@pytest.mark.parametrize("address", ["ftp://example.invalid/r", "/a/path", "registry", "--flag"])
def test_other_addresses_are_refused(machine: Machine, address: str) -> None:
    with pytest.raises(BadRegistry, match="is no address of a module registry"):
        machine.registry(address)


def test_the_workspace_stands_for_itself_in_addresses(machine: Machine) -> None:
    ModuleRegistry(machine.root / "w/registry").add("lib", "1", {})
    assert machine.registry("file:///%workspace%/registry").module_file("lib", "1") is not None


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ("[]", "it is not an object"),
        ("{", "it is not JSON"),
        ("{}", "it has no `url`"),
        ('{"url": "https://h/a.tar.gz"}', "it has no `integrity`"),
        ('{"url": 3, "integrity": "x"}', "`url` is not a text"),
        ('{"type": "svn"}', "sources of type `svn` are not known"),
        ('{"url": "u", "integrity": "i", "patches": {"../x": "i"}}', "leads out of its directory"),
        ('{"url": "u", "integrity": "i", "patch_strip": -1}', "`patch_strip` is not a small number"),
        ('{"type": "git_repository", "remote": "r"}', "it names neither `commit` nor `tag`"),
    ],
)
def test_documents_that_say_nonsense_are_refused(
    machine: Machine, made: ModuleRegistry, document: str, message: str
) -> None:
    (made.root / "modules/lib/1/source.json").write_text(document)
    with pytest.raises(MalformedRegistry, match=message):
        machine.registry(made.root.as_uri()).source("lib", "1")


def test_modules_may_be_directories_of_a_local_registry(machine: Machine, made: ModuleRegistry) -> None:
    (made.root / "bazel_registry.json").write_text('{"module_base_path": "all"}')
    (made.root / "modules/lib/1/source.json").write_text('{"type": "local_path", "path": "lib"}')
    source = machine.registry(made.root.as_uri()).source("lib", "1")
    assert source == PathSource(str(made.root / "all/lib"))


def test_mirrors_of_the_registry_are_asked_first(machine: Machine, made: ModuleRegistry) -> None:
    (made.root / "bazel_registry.json").write_text('{"mirrors": ["https://mirror.example/m/"]}')
    (made.root / "modules/lib/1/source.json").write_text('{"url": "https://h.example/a.tgz", "integrity": "i"}')
    source = machine.registry(made.root.as_uri()).source("lib", "1")
    assert isinstance(source, ArchiveSource)
    assert source.urls == ("https://mirror.example/m/h.example/a.tgz", "https://h.example/a.tgz")


def test_a_version_without_a_source_is_told(machine: Machine, made: ModuleRegistry) -> None:
    (made.root / "modules/lib/1/source.json").unlink()
    with pytest.raises(UserError, match=r"has version 1 of module `lib`, but no `modules/lib/1/source\.json` for it"):
        machine.registry(made.root.as_uri()).source("lib", "1")


def test_files_must_be_what_the_lock_of_the_workspace_says(machine: Machine, server: DirectoryServer) -> None:
    path = "modules/lib/1/MODULE.bazel"
    right = hashlib.sha256((server.root / path).read_bytes()).hexdigest()
    address, absent = f"{server.url}/{path}", f"{server.url}/modules/lib/9/MODULE.bazel"
    pinned = machine.registry(server.url, {address: right, absent: None})
    assert pinned.module_file("lib", "1") is not None
    assert pinned.module_file("lib", "9") is None
    for wrong in ("0" * 64, None):
        with pytest.raises(ChangedRegistry, match=r"is not the file that MODULE\.bazel\.lock names"):
            machine.registry(server.url, {address: wrong}).module_file("lib", "1")
    with pytest.raises(ChangedRegistry, match="received absent"):
        machine.registry(server.url, {absent: right}).module_file("lib", "9")
