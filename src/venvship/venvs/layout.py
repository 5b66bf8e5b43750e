"""Where things lie in a venv, and how its links reach what lies elsewhere."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from venvship.model.paths import TreePath, parent, relative_link
from venvship.model.platform import PythonVersion
from venvship.venvs.machine_venv import data_directories, directories_opened, installation_file_names
from venvship.venvs.merge import Merged, Overlay, merge
from venvship.venvs.metadata import normalised_name
from venvship.venvs.real_directories import directories_kept_real
from venvship.venvs.scripts import (
    ACTIVATION_SCRIPTS,
    FirstPartyDistribution,
    interpreter_names,
)
from venvship.venvs.wheel_layout import InstalledWheel

CONFIGURATION_FILE: Final = "pyvenv.cfg"


def site_packages_of(python: PythonVersion) -> str:
    """The path of site-packages in a venv."""
    return f"lib/{python.directory}/site-packages"


class VenvLayout:
    """The paths of one venv, and the link texts that follow from where it lies."""

    def __init__(self, directory: TreePath, *, name: str, python: PythonVersion) -> None:
        self.directory = directory
        self.site_packages = site_packages_of(python)
        self.reserved_programs = (*interpreter_names(python), *ACTIVATION_SCRIPTS)
        self.path_file_name = f"{name}.pth"

    @property
    def is_of_a_machine(self) -> bool:
        """Whether it lies at an absolute place, and in no runfiles tree."""
        return self.directory.startswith("/")

    def in_site(self, path: str) -> TreePath:
        return TreePath(f"{self.site_packages}/{path}")

    def merge_site(
        self, builds: Sequence[InstalledWheel], *, members: Sequence[FirstPartyDistribution], taken: Iterable[str]
    ) -> Merged:
        """Lay the wheels over each other; what a first-party distribution is called is found once, as that."""
        first_party = {normalised_name(member.name) for member in members}
        reserved = {self.path_file_name, *taken}
        real = directories_kept_real(builds, site_packages=self.site_packages)
        for wheel in builds:
            reserved.update(wheel.path_file_names)
            if wheel.project in first_party:
                reserved.update(wheel.metadata_directories)
            if self.is_of_a_machine:
                real |= directories_opened(wheel)
                reserved.update(installation_file_names(wheel))
        return merge([Overlay.of_site(wheel) for wheel in builds], real=real, reserved=reserved)

    def merge_data(self, builds: Sequence[InstalledWheel], *, scripts: Iterable[str]) -> Merged:
        real = set(self._own_directories)
        if self.is_of_a_machine:
            real.update(directory for wheel in builds for directory in data_directories(wheel))
        return merge(
            [Overlay.of_data(wheel, without=self._own_directories) for wheel in builds if wheel.data],
            real=real,
            reserved=self._reserved_for_data(scripts),
        )

    def _reserved_for_data(self, scripts: Iterable[str]) -> set[str]:
        programs = (f"bin/{name}" for name in (*self.reserved_programs, *scripts))
        return {CONFIGURATION_FILE, self.site_packages, *programs}

    @property
    def _own_directories(self) -> set[str]:
        return {"bin", "lib", parent(self.site_packages)}

    def data_notes(self, builds: Sequence[InstalledWheel], *, scripts: Iterable[str]) -> Iterable[str]:
        places = sorted(self._reserved_for_data(scripts))
        for wheel in builds:
            if not wheel.data:
                continue
            for place in places:
                if wheel.data.has_file(place) or wheel.data.has_directory(place):
                    yield f"the data file `{place}` of {wheel} is left out: the venv has its own"
            for place in sorted(self._own_directories):
                if wheel.data.has_file(place):
                    yield f"the data file `{place}` of {wheel} is left out: it is a directory of the venv"

    def import_roots(self, first_party: Iterable[str]) -> list[str]:
        """The root of the runfiles tree first, so that every repository can be imported from by its name."""
        return list(first_party) if self.is_of_a_machine else ["", *first_party]

    def link_text(self, path: str, target: str) -> str:
        """How the link at `path` reaches the runfiles path `target`; an absolute one is a place of the machine."""
        return target if target.startswith("/") else relative_link(f"{self.directory}/{path}", target)
