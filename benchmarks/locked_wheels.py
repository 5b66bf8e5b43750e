"""Wheels that a workspace locks: made for a benchmark or read from files, and served by an index on this machine."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from measuring import PROJECT

sys.path.insert(0, str(PROJECT / "tests"))

from fake_index import FakeIndex, running_index
from real_workspace import HUB, MODULE, ORIGIN
from wheel_building import wheel_bytes

from venvship.model.platform import PythonVersion
from venvship.wheels.filename import WheelFilename
from venvship.wheels.tags import supported_tags
from venvship.wheels.targets import parse_target_platform

MODULE_FILE = MODULE + HUB
"""A MODULE.bazel with the hub `@pypi` of `//:uv.lock`."""

__all__ = ["MODULE_FILE", "ORIGIN", "FakeIndex", "Wheel", "chosen_wheels", "downloaded", "lock_of", "running_index"]


@dataclass(frozen=True, slots=True)
class Wheel:
    """A wheel as an index offers it; `needs` are names of others."""

    name: str
    version: str
    filename: str
    content: bytes
    needs: tuple[str, ...] = ()

    @classmethod
    def made(
        cls, name: str, version: str = "1.0", *, files: Mapping[str, str | bytes], needs: tuple[str, ...] = ()
    ) -> Wheel:
        content = wheel_bytes(name, version, files, requires=needs)
        return cls(name, version, f"{name}-{version}-py3-none-any.whl", content, needs)

    @classmethod
    def read(cls, path: Path, needs: tuple[str, ...] = ()) -> Wheel:
        name = WheelFilename.parse(path.name)
        return cls(name.distribution, name.version, path.name, path.read_bytes(), needs)

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.content).hexdigest()

    def write(self, directory: Path) -> None:
        """Put it where installers find it by its directory."""
        (directory / self.filename).write_bytes(self.content)


def chosen_wheels(places: Iterable[Path]) -> list[Path]:
    """One wheel of each distribution that fits this interpreter, by name; `places` are files and directories."""
    tags = supported_tags(parse_target_platform("linux-x86_64"), PythonVersion(*sys.version_info[:2]))
    found: dict[str, Path] = {}
    for place in places:
        for path in sorted(place.rglob("*.whl")) if place.is_dir() else [place]:
            name = WheelFilename.parse(path.name)
            if tags.rank(name) is not None:
                found.setdefault(name.distribution, path)
    return [found[name] for name in sorted(found)]


def lock_of(index: FakeIndex, wheels: Iterable[Wheel]) -> str:
    """The uv.lock of a project that needs all wheels, which `index` then offers."""
    chosen = list(wheels)
    lines = ["version = 1", "revision = 3", 'requires-python = ">=3.11"', "", "[[package]]", 'name = "shop"']
    lines += ['version = "0"', 'source = { virtual = "." }', _dependencies(wheel.name for wheel in chosen)]
    for wheel in chosen:
        index.add(wheel.name, wheel.filename, wheel.content)
        lines += ["", "[[package]]", f'name = "{wheel.name}"', f'version = "{wheel.version}"']
        lines.append(f'source = {{ registry = "{ORIGIN}" }}')
        if wheel.needs:
            lines.append(_dependencies(wheel.needs))
        facts = f'hash = "sha256:{wheel.sha256}", size = {len(wheel.content)}'
        lines.append(f'wheels = [{{ url = "{ORIGIN}/{wheel.name}/{wheel.filename}", {facts} }}]')
    return "\n".join(lines) + "\n"


def _dependencies(names: Iterable[str]) -> str:
    return "dependencies = [" + ", ".join(f'{{ name = "{name}" }}' for name in names) + "]"


def downloaded(directory: Path, *requirements: str) -> list[Path]:
    """Wheel files of `requirements` and what they need, from the configured index."""
    directory.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--only-binary=:all:", f"--dest={directory}"]
    done = subprocess.run([*pip, *requirements], capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False)
    if done.returncode:
        raise SystemExit(f"{', '.join(requirements)} can't be had from the configured index:\n{done.stderr}")
    return sorted(directory.glob("*.whl"))
