"""Finds the directories that shared libraries forbid to link whole.

The dynamic loader puts the path it opened a library by in the place of `$ORIGIN` and leaves `..` to the kernel, which
resolves it after following links: `$ORIGIN/../../nvidia/lib` in a linked directory leads into the unpacked wheel, where
the libraries of other wheels are not. In a real directory that holds links to files, it stays within the venv.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence

from venvship.model.paths import normalise, parent
from venvship.venvs.wheel_layout import InstalledWheel


def directories_kept_real(wheels: Sequence[InstalledWheel], *, site_packages: str) -> set[str]:
    """Directories of site-packages, with all above them, that hold a library which needs those of another wheel.

    `site_packages` is the directory's path in the venv; origins may lead out of it into the venv.
    """
    searches = [
        (wheel, library, directory)
        for wheel in wheels
        for library, origins in wheel.origins.items()
        for directory in _places(origins, site_packages)
    ]
    if not searches:
        return set()
    suppliers = _suppliers(wheels, {directory for _, _, directory in searches}, site_packages)
    real: set[str] = set()
    for wheel, library, directory in searches:
        if any(supplier is not wheel for supplier in suppliers[directory]):
            above = parent(library)
            while above and above not in real:
                real.add(above)
                above = parent(above)
    return real


def _places(origins: Iterable[str], site_packages: str) -> Iterable[str]:
    for origin in origins:
        try:
            yield normalise(f"{site_packages}/{origin}")
        except ValueError:
            continue  # It leaves the venv: what lies there is not ours to provide.


def _suppliers(
    wheels: Sequence[InstalledWheel], directories: Iterable[str], site_packages: str
) -> dict[str, list[InstalledWheel]]:
    """Who puts shared libraries directly into each of `directories`."""
    below = site_packages + "/"
    by_top_level: defaultdict[str, list[InstalledWheel]] = defaultdict(list)
    with_data = [wheel for wheel in wheels if wheel.data]
    for wheel in wheels:
        for name, is_directory in wheel.top_levels:
            if is_directory:
                by_top_level[name].append(wheel)
    found: dict[str, list[InstalledWheel]] = {}
    for directory in directories:
        if directory == site_packages:
            found[directory] = [
                wheel for wheel in wheels if any(_is_library(name) for name, is_dir in wheel.top_levels if not is_dir)
            ]
        elif directory.startswith(below):
            inner = directory.removeprefix(below)
            candidates = by_top_level.get(inner.partition("/")[0], ())
            found[directory] = [wheel for wheel in candidates if any(map(_is_library, wheel.site.files_in(inner)))]
        else:
            found[directory] = [wheel for wheel in with_data if any(map(_is_library, wheel.data.files_in(directory)))]
    return found


def _is_library(name: str) -> bool:
    return name.endswith((".so", ".dylib")) or ".so." in name
