"""Releases of relocatable interpreters, as archives with sums beside them."""

from __future__ import annotations

import hashlib
import io
import sys
import tarfile
from pathlib import Path

VERSION = ".".join(str(part) for part in sys.version_info[:3])


def archive(release: Path, triple: str, *, version: str = VERSION, tree: Path | None = None) -> str:
    """Write an archive of a release with its line of checksums; `tree` is a prefix that it holds."""
    minor = version.rpartition(".")[0]
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as made:
        if tree is not None:
            made.add(tree, "python")
        else:
            for path, mode in ((f"bin/python{minor}", 0o755), (f"lib/python{minor}/os.py", 0o644)):
                info = tarfile.TarInfo(f"python/{path}")
                info.mode = mode
                content = b"X = 1\n" if path.endswith(".py") else b"a program for another machine"
                info.size = len(content)
                made.addfile(info, io.BytesIO(content))
    release.mkdir(parents=True, exist_ok=True)
    name = f"cpython-{version}+{release.name}-{triple}-install_only.tar.gz"
    (release / name).write_bytes(buffer.getvalue())
    sha256 = hashlib.sha256(buffer.getvalue()).hexdigest()
    with (release / "SHA256SUMS").open("a") as sums:
        sums.write(f"{sha256}  {name}\n")
    return sha256


def interpreters(base: Path, *versions: str) -> str:
    lines = [
        'interpreters = use_extension("@aspect_rules_py//py:extensions.bzl", "python_interpreters")',
        f'interpreters.configure(releases = ["20990101"], base_url = "{base.as_uri()}")',
        *(f'interpreters.toolchain(python_version = "{version}")' for version in versions),
        'use_repo(interpreters, "python_interpreters")',
    ]
    return "\n".join(lines) + "\n"
