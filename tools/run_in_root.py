"""Run the program of an OCI image in a root directory that holds nothing but the image.

    python tools/run_in_root.py path/to/layout -- --check

The image is read from an OCI layout directory, its layers are unpacked into a temporary directory, and its entrypoint
is started there with its environment, as its user, without a network. No container engine is needed: `bwrap` does it
where it is installed, else `unshare`, else a plain chroot for root; `--with podman` hands the layout to podman and
runc instead. What stands after `--` takes the place of the image's own arguments.

Every blob is checked against its digest and every layer against its diff id. A layer is taken to be what venvship
writes: no whiteouts, no devices, no path through a link; anything else is refused, and nothing is written outside the
root directory.

Exit codes: that of the program; 125 when the image is not as it should be; 126 when this machine can start no program
in a root directory.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import importlib
import json
import os
import platform
import shutil
import signal
import stat
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

BAD_IMAGE = 125
NOT_POSSIBLE = 126

_INDEX_TYPES = frozenset({"application/vnd.oci.image.index.v1+json"})
_GZIP_LAYER = "application/vnd.oci.image.layer.v1.tar+gzip"
_ZSTD_LAYER = "application/vnd.oci.image.layer.v1.tar+zstd"
_PLAIN_LAYER = "application/vnd.oci.image.layer.v1.tar"
_MAX_DOCUMENT = 4 << 20
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64", "arm64": "arm64"}
_SHELLS = ("sh", "bash", "dash", "ash", "zsh", "busybox")
_SHORT = "/tmp" if os.access("/tmp", os.W_OK) else None


class BadImage(Exception):
    """The layout or a layer of it is not as it should be."""


class NotPossibleHere(Exception):
    """This machine cannot start a program in the way that was asked for."""


@dataclass(frozen=True, slots=True)
class ImageLayer:
    """A layer's blob; `diff_id` is the digest of the archive in it."""

    digest: str
    media_type: str
    diff_id: str


@dataclass(frozen=True, slots=True)
class Image:
    """What is needed to start an image."""

    layout: Path
    layers: tuple[ImageLayer, ...]
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    environment: Mapping[str, str]
    user: int
    group: int
    working_directory: str


# Reading


def read_image(layout: Path) -> Image:
    """Read the image for this machine's architecture; raises BadImage."""
    architecture = _ARCHITECTURES.get(platform.machine(), platform.machine())
    try:
        document = _decoded((layout / "index.json").read_bytes(), "index.json")
    except OSError as error:
        raise BadImage(f"`{layout}` is no OCI layout: {error.strerror}: index.json") from error
    for _ in range(4):
        chosen = _for_architecture(document.get("manifests"), architecture)
        document = _decoded(_blob(layout, chosen), _digest(chosen))
        if chosen.get("mediaType") not in _INDEX_TYPES:
            return _image(layout, document)
    raise BadImage("indexes are nested too deeply")


def _for_architecture(manifests: object, architecture: str) -> Mapping[str, Any]:
    descriptors = [one for one in manifests if isinstance(one, dict)] if isinstance(manifests, list) else []
    fitting = [
        one for one in descriptors if (one.get("platform") or {}).get("architecture", architecture) == architecture
    ]
    if not fitting:
        raise BadImage(f"the layout holds no image for {architecture}")
    return fitting[0]


def _image(layout: Path, manifest: Mapping[str, Any]) -> Image:
    try:
        document = _decoded(_blob(layout, manifest["config"]), "the image's configuration")
        diff_ids = document["rootfs"]["diff_ids"]
        layers = tuple(
            ImageLayer(_digest(layer), layer["mediaType"], diff_id)
            for layer, diff_id in zip(manifest["layers"], diff_ids, strict=True)
        )
        config = document.get("config") or {}
        user, _, group = (config.get("User") or "0").partition(":")
        return Image(
            layout,
            layers,
            tuple(config.get("Entrypoint") or ()),
            tuple(config.get("Cmd") or ()),
            dict(variable.split("=", 1) for variable in config.get("Env") or ()),
            int(user),
            int(group or user),
            config.get("WorkingDir") or "/",
        )
    except (KeyError, TypeError, ValueError) as error:
        raise BadImage(f"the image's documents cannot be read: {error!r}") from error


def _digest(descriptor: Mapping[str, Any]) -> str:
    digest = descriptor.get("digest")
    if not isinstance(digest, str) or not digest.startswith("sha256:") or len(digest) != 71 or not digest[7:].isalnum():
        raise BadImage(f"malformed digest {digest!r}")
    return digest


def _blob(layout: Path, descriptor: Mapping[str, Any]) -> bytes:
    digest = _digest(descriptor)
    try:
        with _blob_path(layout, digest).open("rb") as file:
            data = file.read(_MAX_DOCUMENT)
    except OSError as error:
        raise BadImage(f"the layout lacks {digest}") from error
    if f"sha256:{hashlib.sha256(data).hexdigest()}" != digest:
        raise BadImage(f"the blob {digest} is not what its name says")
    return data


def _blob_path(layout: Path, digest: str) -> Path:
    return layout / "blobs" / "sha256" / digest[7:]


def _decoded(data: bytes, what: str) -> Mapping[str, Any]:
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise BadImage(f"{what} is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadImage(f"{what} is no JSON object")
    return document


# Unpacking


class _Hashing:
    """A stream that knows the digest of what was read from it."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._hash = hashlib.sha256()

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._hash.update(data)
        return data

    def digest_of_all(self) -> str:
        while self.read(1 << 20):
            pass
        return f"sha256:{self._hash.hexdigest()}"


def unpack(image: Image, root: Path) -> int:
    """Unpack every layer into `root`, lowest first; returns how many entries there were. Raises BadImage."""
    entries = 0
    modes: dict[Path, int] = {}
    for layer in image.layers:
        try:
            with _blob_path(image.layout, layer.digest).open("rb") as file:
                entries += _unpack_layer(file, layer, root, modes)
        except (OSError, EOFError, tarfile.TarError) as error:
            raise BadImage(f"layer {layer.digest}: {error}") from error
    # Last, because a directory may forbid what must be put into it.
    for directory, mode in modes.items():
        directory.chmod(mode)
    return entries


def _zstd_module() -> Any:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            return importlib.import_module(name)
        except ImportError:
            continue
    raise NotPossibleHere("a layer in zstd needs Python 3.14 or the package `backports.zstd`")


def _unpack_layer(file: IO[bytes], layer: ImageLayer, root: Path, modes: dict[Path, int]) -> int:
    blob = _Hashing(file)
    if layer.media_type == _GZIP_LAYER:
        archive = _Hashing(cast(IO[bytes], gzip.GzipFile(fileobj=cast(IO[bytes], blob), mode="rb")))
    elif layer.media_type == _ZSTD_LAYER:
        archive = _Hashing(cast(IO[bytes], _zstd_module().open(blob)))
    elif layer.media_type == _PLAIN_LAYER:
        archive = _Hashing(cast(IO[bytes], blob))
    else:
        raise BadImage(f"layer {layer.digest} has the media type {layer.media_type}, which is not supported here")
    entries = 0
    with tarfile.open(fileobj=cast(IO[bytes], archive), mode="r|") as members:
        for member in members:
            _unpack_member(members, member, root, modes)
            entries += 1
    if archive.digest_of_all() != layer.diff_id:
        raise BadImage(f"layer {layer.digest} does not hold {layer.diff_id}")
    if blob.digest_of_all() != layer.digest:
        raise BadImage(f"layer {layer.digest} is not what its name says")
    return entries


def _unpack_member(archive: tarfile.TarFile, member: tarfile.TarInfo, root: Path, modes: dict[Path, int]) -> None:
    path = _place(root, member.name)
    if path == root:
        return
    if path.name.startswith(".wh."):
        raise BadImage(f"`{member.name}` is a whiteout; layers that remove files are not supported here")
    path.parent.mkdir(parents=True, exist_ok=True)
    if member.isdir():
        if path.is_symlink() or not path.is_dir():
            _remove(path)
            path.mkdir()
        modes[path] = member.mode
        return
    _remove(path)
    modes.pop(path, None)
    if member.issym():
        path.symlink_to(member.linkname)
    elif member.islnk():
        target = _place(root, member.linkname)
        if target.is_symlink() or not target.is_file():
            raise BadImage(f"`{member.name}` is a hard link to `{member.linkname}`, which is no file before it")
        os.link(target, path)
    elif member.isreg():
        content = archive.extractfile(member)
        assert content is not None
        with path.open("xb") as file:
            shutil.copyfileobj(content, file, 1 << 20)
        path.chmod(member.mode)
    else:
        raise BadImage(f"`{member.name}` is neither a file, a link nor a directory")


def _place(root: Path, name: str) -> Path:
    """Where `name` lies below `root`; refuses what would leave it, by name or through a link."""
    parts = [part for part in name.split("/") if part not in ("", ".")]
    if name.startswith("/") or ".." in parts or "\0" in name:
        raise BadImage(f"`{name}` leads out of the root directory")
    path = root
    for part in parts[:-1]:
        path = path / part
        if path.is_symlink():
            raise BadImage(f"`{name}` goes through the link `{path.relative_to(root)}`")
    return path / parts[-1] if parts else root


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def shells(root: Path) -> list[str]:
    """Paths in `root` at which a shell would lie."""
    directories = ("bin", "usr/bin", "usr/local/bin", "sbin", "usr/sbin")
    places = (f"{directory}/{name}" for directory in directories for name in _SHELLS)
    return sorted(place for place in places if os.path.lexists(root / place))


# Starting

_UNSHARE = ("unshare", "--user", "--net", "--ipc", "--pid", "--fork", "--mount-proc")

Start = Callable[[Image, Path, Sequence[str]], int]


def start_in_bwrap(image: Image, root: Path, arguments: Sequence[str]) -> int:
    command = ["bwrap", "--ro-bind", str(root), "/", "--proc", "/proc", "--dev", "/dev", "--tmpfs", "/tmp"]
    command += ["--unshare-all", "--die-with-parent", "--clearenv"]
    command += ["--uid", str(image.user), "--gid", str(image.group), "--chdir", image.working_directory]
    for name, value in image.environment.items():
        command += ["--setenv", name, value]
    return subprocess.run([*command, "--", *arguments], check=False).returncode


def start_in_unshare(image: Image, root: Path, arguments: Sequence[str]) -> int:
    command = [*_UNSHARE, f"--map-user={image.user}", f"--map-group={image.group}"]
    command += [f"--root={root}", f"--wd={image.working_directory}", "--", *arguments]
    return subprocess.run(command, check=False, env=dict(image.environment)).returncode


def start_in_chroot(image: Image, root: Path, arguments: Sequence[str]) -> int:
    """Only root may do this. Nothing is mounted, which root may not do in most containers."""
    environment = dict(image.environment)
    # Without /proc the loader cannot tell where a program lies, so that `$ORIGIN` in its search path leads nowhere.
    libraries = sorted({f"/{path.parent.relative_to(root)}" for path in root.rglob("libpython3*.so*")})
    environment.setdefault("LD_LIBRARY_PATH", ":".join(libraries))
    child = os.fork()
    if child == 0:
        try:
            os.chroot(root)
            os.chdir(image.working_directory)
            os.setgroups([])
            os.setgid(image.group)
            os.setuid(image.user)
            os.execve(arguments[0], list(arguments), environment)
        except OSError as error:
            print(f"run_in_root: {arguments[0]}: {error.strerror}", file=sys.stderr, flush=True)
        os._exit(127)
    _, status = os.waitpid(child, 0)
    return os.waitstatus_to_exitcode(status)


def ways_of_starting() -> Iterator[tuple[str, Start]]:
    """The ways that work on this machine, the most contained first; each has been tried with a program."""
    if _works("bwrap", "--ro-bind", "/", "/", "--unshare-all", "--uid", "65532", "--gid", "65532", "--"):
        yield "bwrap", start_in_bwrap
    if _works(*_UNSHARE, "--map-user=65532", "--map-group=65532", "--root=/", "--"):
        yield "unshare", start_in_unshare
    if hasattr(os, "chroot") and os.geteuid() == 0 and sys.platform == "linux":
        yield "chroot", start_in_chroot


def _works(*command: str) -> bool:
    if shutil.which(command[0]) is None:
        return False
    nothing = shutil.which("true") or "/bin/true"
    return subprocess.run([*command, nothing], check=False, capture_output=True).returncode == 0


def run_in_root(image: Image, arguments: Sequence[str], *, way: str | None = None) -> tuple[str, int]:
    """Unpack and start; the way that was taken and the program's exit code. Raises BadImage, NotPossibleHere."""
    start = next(((name, start) for name, start in ways_of_starting() if way in (None, name)), None)
    if start is None:
        raise NotPossibleHere(
            "this machine can start no program in a root directory: bubblewrap is not installed or may not make "
            "namespaces, `unshare` neither, and chroot is for root"
            if way is None
            else f"`{way}` does not work on this machine"
        )
    name, begin = start
    with scratch_directory() as scratch:
        root = scratch / "root"
        root.mkdir()
        entries = unpack(image, root)
        found = shells(root)
        # Container engines make these where an image lacks them, too.
        for mount_point in ("dev", "proc", "tmp"):
            (root / mount_point).mkdir(exist_ok=True)
        what = f"the shells {', '.join(found)}" if found else "no shell"
        say(f"{len(image.layers)} layers, {entries:,} entries unpacked, {what} among them; starting with {name}")
        return name, begin(image, root, [*image.entrypoint, *arguments])


def run_with_podman(image: Image, arguments: Sequence[str]) -> int:
    """Let podman and runc pull the layout and run it; raises NotPossibleHere with what they say."""
    for program in ("podman", "runc"):
        if shutil.which(program) is None:
            raise NotPossibleHere(f"{program} is not installed")
    said = ""
    for driver in ("overlay", "vfs"):
        # What runs is kept where paths are short: podman takes no long ones.
        with scratch_directory() as scratch, scratch_directory(_SHORT) as running:
            # podman makes a name of the path, and not every path makes one.
            (scratch / "image").symlink_to(image.layout.resolve())
            podman = [
                "podman",
                "--root",
                f"{scratch}/root",
                "--runroot",
                f"{running}/run",
                "--tmpdir",
                f"{running}/tmp",
            ]
            podman += [f"--storage-driver={driver}", "--cgroup-manager=cgroupfs", "--runtime=runc"]
            try:
                pull = [*podman, "pull", "--quiet", f"oci:{scratch}/image"]
                pulled = subprocess.run(pull, check=False, capture_output=True, text=True)
                if pulled.returncode != 0:
                    said = pulled.stderr
                    continue
                [reference] = pulled.stdout.split()[-1:]
                run = [*podman, "run", "--rm", "--network=none", "--read-only", "--tmpfs=/tmp"]
                run += ["--ulimit=nofile=1024:1024", "--ulimit=nproc=1000:1000", reference, *arguments]
                done = subprocess.run(run, check=False, stderr=subprocess.PIPE, text=True)
                # 125: podman itself; 126 and 127: the program could not be started.
                if done.returncode == 125:
                    said = done.stderr
                    continue
                sys.stderr.write(done.stderr)
                return done.returncode
            finally:
                subprocess.run([*podman, "rmi", "--all", "--force"], check=False, capture_output=True)
    raise NotPossibleHere(f"podman could not start a container:\n{said.strip()}")


@contextmanager
def scratch_directory(above: str | None = None) -> Iterator[Path]:
    """A directory that others may enter and that goes away whatever modes lie in it; `above` holds it."""
    directory = Path(tempfile.mkdtemp(prefix="venvship-root-", dir=above))
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        _remove_all(directory)


def _remove_all(directory: Path) -> None:
    for parent, names, _ in os.walk(directory):
        for name in names:
            path = Path(parent, name)
            if not path.is_symlink():
                path.chmod(stat.S_IRWXU)
    shutil.rmtree(directory, ignore_errors=True)


def say(text: str) -> None:
    print(f"run_in_root: {text}", file=sys.stderr, flush=True)


def main(words: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="run_in_root", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("layout", type=Path, help="the directory of an OCI layout")
    parser.add_argument("arguments", nargs="*", help="arguments of the program, after `--`")
    parser.add_argument("--with", dest="way", choices=("bwrap", "unshare", "chroot", "podman"), help="only in this way")
    options = parser.parse_args(words)
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        image = read_image(options.layout)
        if not image.entrypoint:
            raise BadImage("the image has no entrypoint")
        arguments = options.arguments or list(image.command)
        if options.way == "podman":
            return run_with_podman(image, arguments)
        return run_in_root(image, arguments, way=options.way)[1]
    except BadImage as error:
        say(str(error))
        return BAD_IMAGE
    except NotPossibleHere as error:
        say(str(error))
        return NOT_POSSIBLE


if __name__ == "__main__":
    sys.exit(main())
