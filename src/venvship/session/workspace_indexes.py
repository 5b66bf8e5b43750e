"""The package indexes of a workspace: what flags, environment, configuration and projects say of them, put together."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from venvship.errors import Place
from venvship.events.build_events import EventSink
from venvship.loading.workspace import path_of
from venvship.model.label import Label
from venvship.repos.download import Downloads
from venvship.repos.index_settings import (
    ConfigurationPlaces,
    IndexOverride,
    IndexSettings,
    project_indexes,
    read_index_settings,
)
from venvship.repos.lock_indexes import LockIndexes, of_lock, substituted
from venvship.repos.network import Network
from venvship.repos.package_index import Indexes
from venvship.repos.wheel_store import WheelStore
from venvship.session.extensions import LockProject
from venvship.session.options import SessionOptions


class WorkspaceIndexes:
    """How files of indexes are found and fetched; configuration is read when the first is wanted.

    `projects` answers with the locks of the hubs: a lock has the addresses of its project without credentials, and a
    tag or a lock may name more indexes.
    """

    def __init__(
        self,
        options: SessionOptions,
        *,
        root: Path,
        user_root: Path,
        events: EventSink,
        projects: Callable[[], Iterable[LockProject]],
    ) -> None:
        self._options = options
        self._root = root
        self._user_root = user_root
        self._events = events
        self._projects = projects
        self._said: dict[tuple[Place, Label], LockIndexes] = {}

    def settings(self) -> IndexSettings:
        places = ConfigurationPlaces.of_machine(os.environ, home=Path.home(), prefix=Path(sys.prefix))
        return read_index_settings(os.environ, places)

    def network(self) -> Network:
        return Network(self.settings())

    def downloads(self) -> Downloads:
        store = WheelStore(self._user_root)
        return Downloads(store, indexes=self.indexes, events=self._events, offline=self._options.offline)

    @functools.cached_property
    def indexes(self) -> Indexes:
        overrides = [IndexOverride.parse(text) for text in self._options.index_overrides]
        # A path is relative to where the command was called.
        links = [
            text if "://" in text else os.path.abspath(os.path.expanduser(text)) for text in self._options.find_links
        ]
        return Indexes(
            self.settings,
            overrides,
            links=links,
            addresses=self._of_projects,
            of_locks=lambda: [self.said_of(project) for project in self._projects()],
            offline=self._options.offline,
        )

    def said_of(self, project: LockProject) -> LockIndexes:
        """What its tag and the options in it say of the indexes of a lock; the options are the stronger ones."""
        key = (project.place, project.lock)
        if key not in self._said:
            of_tag = project.indexes.written_out(
                lambda text: substituted(text, project.variables, os.environ), directory=self._root
            )
            self._said[key] = of_tag.joined(of_lock(path_of(project.lock, self._root), os.environ))
        return self._said[key]

    def _of_projects(self) -> Iterable[str]:
        directories = dict.fromkeys(path_of(project.lock, self._root).parent for project in self._projects())
        return [url for directory in directories for url in project_indexes(os.environ, directory)]
