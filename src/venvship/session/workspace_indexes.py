"""The package indexes of a workspace: what flags, environment, configuration and projects say of them, put together."""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable
from pathlib import Path

from venvship.events.build_events import EventSink
from venvship.repos.download import Downloads
from venvship.repos.index_settings import (
    ConfigurationPlaces,
    IndexOverride,
    IndexSettings,
    project_indexes,
    read_index_settings,
)
from venvship.repos.network import Network
from venvship.repos.package_index import Indexes
from venvship.repos.wheel_store import WheelStore
from venvship.session.options import SessionOptions


class WorkspaceIndexes:
    """How files of indexes are found and fetched; configuration is read when the first is wanted.

    `locks` answers with the lock files of the hubs: a lock has the addresses of its project without credentials.
    """

    def __init__(
        self, options: SessionOptions, *, user_root: Path, events: EventSink, locks: Callable[[], Iterable[Path]]
    ) -> None:
        self._options = options
        self._user_root = user_root
        self._events = events
        self._locks = locks

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
            self.settings, overrides, links=links, addresses=self._of_projects, offline=self._options.offline
        )

    def _of_projects(self) -> Iterable[str]:
        directories = dict.fromkeys(lock.parent for lock in self._locks())
        return [url for directory in directories for url in project_indexes(os.environ, directory)]
