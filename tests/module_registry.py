"""Registries of modules and archives in directories, for tests."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path


def integrity(data: bytes, algorithm: str = "sha256") -> str:
    return f"{algorithm}-{base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


def tar_bytes(files: Mapping[str, str]) -> bytes:
    """A gzipped tar archive; files whose text begins with `#!` are executable."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as archive:
        for path, text in files.items():
            info = tarfile.TarInfo(path)
            data = text.encode()
            info.size = len(data)
            info.mode = 0o755 if text.startswith("#!") else 0o644
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def zip_bytes(files: Mapping[str, str]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for path, text in files.items():
            archive.writestr(path, text)
    return buffer.getvalue()


class ModuleRegistry:
    """A registry in a directory; `url` is its address when a server offers it."""

    def __init__(self, root: Path, url: str = "") -> None:
        self.root = root
        self.url = url
        root.mkdir(parents=True, exist_ok=True)
        (root / "bazel_registry.json").write_text("{}")

    @property
    def flag(self) -> str:
        return f"--registry={self.url or self.root.as_uri()}"

    def add(
        self,
        name: str,
        version: str,
        files: Mapping[str, str],
        *,
        deps: str = "",
        patches: Mapping[str, str] | None = None,
        algorithm: str = "sha256",
        overlay: Mapping[str, str] | None = None,
        level: int = 0,
    ) -> Path:
        """A module whose archive has everything in a directory `NAME-VERSION`; answers the archive."""
        said = f'module(name = "{name}", version = "{version}", compatibility_level = {level})\n{deps}'
        archive = self.root / "archives" / f"{name}-{version}.tar.gz"
        archive.parent.mkdir(exist_ok=True)
        below = {f"{name}-{version}/{path}": text for path, text in {"MODULE.bazel": said, **files}.items()}
        archive.write_bytes(tar_bytes(below))
        home = self.root / "modules" / name / version
        for kind, extra in (("patches", patches or {}), ("overlay", overlay or {})):
            for path, text in extra.items():
                (home / kind / path).parent.mkdir(parents=True, exist_ok=True)
                (home / kind / path).write_text(text)
        home.mkdir(parents=True, exist_ok=True)
        (home / "MODULE.bazel").write_text(said)
        source = {
            "url": f"{self.url}/archives/{archive.name}" if self.url else archive.as_uri(),
            "integrity": integrity(archive.read_bytes(), algorithm),
            "strip_prefix": f"{name}-{version}",
            "patches": {path: integrity(text.encode()) for path, text in (patches or {}).items()},
            "patch_strip": 1,
            "overlay": {path: integrity(text.encode()) for path, text in (overlay or {}).items()},
        }
        (home / "source.json").write_text(json.dumps(source))
        return archive

    def withdraw(self, name: str, version: str, reason: str) -> None:
        (self.root / "modules" / name / "metadata.json").write_text(json.dumps({"yanked_versions": {version: reason}}))
