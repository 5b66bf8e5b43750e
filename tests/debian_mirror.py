"""Debian packages and archives made on the spot, in the formats of real ones."""

from __future__ import annotations

import hashlib
import io
import lzma
import subprocess
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

Content = bytes | str
"""Bytes of a file, or the text of a link."""


def tar_bytes(files: Mapping[str, Content]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(f"./{name}")
            if isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
                archive.addfile(info)
            else:
                info.size, info.mode = len(content), 0o755 if ".so" in name or "bin/" in name else 0o644
                archive.addfile(info, io.BytesIO(content))
    return lzma.compress(buffer.getvalue())


def deb(name: str, files: Mapping[str, Content], *, version: str = "1.0-1", architecture: str = "amd64") -> bytes:
    """A package."""
    control = f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nDescription: test\n"
    sums = "".join(
        f"{hashlib.md5(content).hexdigest()}  {path}\n" for path, content in files.items() if isinstance(content, bytes)
    )
    members = {
        "debian-binary": b"2.0\n",
        "control.tar.xz": tar_bytes({"control": control.encode(), "md5sums": sums.encode()}),
        "data.tar.xz": tar_bytes(files),
    }
    data = b"!<arch>\n"
    for member, content in members.items():
        data += f"{member:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode() + content
        data += b"\n" * (len(content) % 2)
    return data


@dataclass
class Mirror:
    """An archive below `root`; `publish` writes its indexes."""

    root: Path
    suite: str = "stable"
    _rows: dict[str, list[str]] = field(default_factory=dict)

    @property
    def address(self) -> str:
        return self.root.as_uri() + "/"

    def add(
        self,
        name: str,
        files: Mapping[str, Content],
        *,
        version: str = "1.0-1",
        architecture: str = "amd64",
        listed_for: tuple[str, ...] = (),
    ) -> Path:
        """Add a package; those for all architectures are `listed_for` several."""
        data = deb(name, files, version=version, architecture=architecture)
        path = f"pool/main/{name[0]}/{name}/{name}_{version.rpartition(':')[2]}_{architecture}.deb"
        target = self.root / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(data)
        stanza = (
            f"Package: {name}\nVersion: {version}\nArchitecture: {architecture}\nFilename: {path}\n"
            f"Size: {len(data)}\nSHA256: {hashlib.sha256(data).hexdigest()}\n"
            "Description: a package\n of several lines\n"
        )
        for one in listed_for or (architecture,):
            self._rows.setdefault(one, []).append(stanza)
        return target

    def withdraw(self, name: str, architecture: str) -> None:
        """Take every version of a package away."""
        rows = self._rows[architecture]
        rows[:] = [row for row in rows if not row.startswith(f"Package: {name}\n")]
        for path in self.root.glob(f"pool/*/*/*/{name}_*_{architecture}.deb"):
            path.unlink()

    def publish(self, *, head: str = "Origin: Test\n", key_home: Path | None = None) -> None:
        """Write the release; signed with the key of a gpg home, or unsigned."""
        dist = self.root / "dists" / self.suite
        lines = []
        for architecture, rows in self._rows.items():
            data = lzma.compress("\n".join(rows).encode())
            path = f"main/binary-{architecture}/Packages.xz"
            (dist / path).parent.mkdir(parents=True, exist_ok=True)
            (dist / path).write_bytes(data)
            lines.append(f" {hashlib.sha256(data).hexdigest()} {len(data)} {path}\n")
        release = dist / "Release"
        release.write_text(f"{head}Suite: {self.suite}\nSHA256:\n{''.join(lines)}")
        if key_home is not None:
            gpg(key_home, "--clearsign", "--output", str(dist / "InRelease"), str(release))


def gpg(home: Path, *arguments: str) -> bytes:
    home.mkdir(mode=0o700, exist_ok=True)
    options = ["--homedir", str(home), "--batch", "--yes", "--quiet", "--pinentry-mode", "loopback", "--passphrase", ""]
    return subprocess.run(["gpg", *options, *arguments], check=True, capture_output=True).stdout


def make_key(home: Path, keyring: Path) -> None:
    """A key in the gpg home `home`, whose public half goes to `keyring`."""
    gpg(home, "--quick-generate-key", "archive@example.invalid", "ed25519", "sign", "never")
    keyring.write_bytes(gpg(home, "--export"))
    # The agent keeps the home busy.
    subprocess.run(["gpgconf", "--homedir", str(home), "--kill", "all"], check=False, capture_output=True)
