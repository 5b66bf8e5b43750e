"""Loads an OCI layout into a container engine of this machine, or writes the archive that every engine loads.

    oci_load LAYOUT [--repo_tag=NAME:TAG ...] [--loader=PROGRAM] [--output=FILE] [--platform=linux/amd64]

The engine gets what it does not have: Podman takes the layout itself, and of an archive for Docker those layers are
left out that it has below an image of its own. Where that can't be done, the archive with everything goes to the stdin
of `PROGRAM load`.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from typing import IO

from venvship.tools.image_archive import write_archive
from venvship.tools.oci_credentials import CredentialProblem
from venvship.tools.oci_documents import ImageProblem
from venvship.tools.oci_registry import RegistryProblem

_LOADERS = ("docker", "podman")


def main(arguments: Sequence[str], environment: Mapping[str, str]) -> int:
    """The command that `oci_load` targets run."""
    parser = argparse.ArgumentParser(prog="oci_load", allow_abbrev=False)
    parser.add_argument("layout")
    parser.add_argument("--repo_tag", action="append", default=[], help="a name for the image: shop/api:latest")
    parser.add_argument("--repo_tags_file", default="")
    parser.add_argument("--loader", default="", help="the engine's program; docker or podman, whichever is there")
    parser.add_argument("--output", default="", help="write the archive here (- is stdout) and load nothing")
    parser.add_argument("--platform", default="", help="which image of an index: linux/arm64")
    options = parser.parse_args(list(arguments))
    platform = dict(zip(("os", "architecture", "variant"), options.platform.split("/"))) if options.platform else {}  # noqa: B905
    try:
        tags = [*options.repo_tag, *_lines(options.repo_tags_file)]
        if options.output == "-":
            write_archive(options.layout, sys.stdout.buffer, repo_tags=tags, platform=platform, environment=environment)
            return 0
        if options.output:
            with open(options.output, "wb") as file:
                write_archive(options.layout, file, repo_tags=tags, platform=platform, environment=environment)
            return 0
        loader = options.loader or _installed(environment)
        return _load(loader, options.layout, tags, platform, environment)
    except (ImageProblem, RegistryProblem, CredentialProblem, OSError) as error:
        sys.stderr.write(f"error: {error}\n")
        return 1


def _installed(environment: Mapping[str, str]) -> str:
    """The first engine that is there; of several, the first that answers: a Docker may be there without its daemon."""
    path = environment.get("PATH", os.defpath)
    found = [program for name in _LOADERS if (program := shutil.which(name, path=path))]
    if not found:
        raise ImageProblem(f"neither {' nor '.join(_LOADERS)} is installed; give `--output` to write the archive")
    if len(found) == 1:
        return found[0]
    return next((program for program in found if _answer([program, "version"])), found[0])


def _load(
    loader: str, layout: str, tags: Sequence[str], platform: Mapping[str, str], environment: Mapping[str, str]
) -> int:
    version = _answer([loader, "--version"]).lower()
    if version.startswith("podman") and _pulled(loader, layout, tags, platform):
        return 0
    held = _held(loader) if version.startswith("docker") else []
    if held and _piped(loader, layout, tags, platform, environment, held, quiet=True) == 0:
        return 0
    return _piped(loader, layout, tags, platform, environment, [])


def _pulled(podman: str, layout: str, tags: Sequence[str], platform: Mapping[str, str]) -> bool:
    """Let Podman read the layout, of which it takes the layers that it lacks; False where that does not work."""
    options = {"os": "--os", "architecture": "--arch", "variant": "--variant"}
    chosen = [f"{option}={platform[key]}" for key, option in options.items() if platform.get(key)]
    # Podman makes a name of the path, in which the real one may have letters that no name has.
    link = os.path.join(tempfile.gettempdir(), "venvship-load-" + os.urandom(8).hex())
    os.symlink(os.path.abspath(layout), link)
    try:
        found = _answer([podman, "pull", "--quiet", *chosen, f"oci:{link}"]).split()
    finally:
        os.unlink(link)
    if len(found) != 1:
        return False
    if tags and not _succeeds([podman, "tag", found[0], *tags]):
        return False
    _succeeds([podman, "untag", found[0], f"localhost{link}"])
    sys.stdout.write("".join(f"Loaded image: {tag}\n" for tag in tags) or f"Loaded image: {found[0]}\n")
    return True


def _held(docker: str) -> list[list[str]]:
    """The layers of every image that a Docker has; none if its store takes complete images only."""
    if "containerd" in (_answer([docker, "info", "--format", "{{json .DriverStatus}}"]) or "containerd"):
        return []
    images = sorted(set(_answer([docker, "image", "ls", "--quiet", "--no-trunc"]).split()))
    if not images:
        return []
    lines = _answer([docker, "image", "inspect", "--format", "{{json .RootFS.Layers}}", *images]).splitlines()
    try:
        rows = [json.loads(line) for line in lines]
    except ValueError:
        return []
    return [[str(one) for one in row] for row in rows if isinstance(row, list)]


def _answer(command: Sequence[str]) -> str:
    """What a command prints; nothing when it fails."""
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False)
    except OSError:
        return ""
    return done.stdout.decode("utf-8", "replace") if done.returncode == 0 else ""


def _succeeds(command: Sequence[str]) -> bool:
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, check=False).returncode == 0


def _piped(
    loader: str,
    layout: str,
    tags: Sequence[str],
    platform: Mapping[str, str],
    environment: Mapping[str, str],
    held: Sequence[Sequence[str]],
    *,
    quiet: bool = False,
) -> int:
    """Stream the archive to the engine; `quiet` keeps its complaints to itself, where another attempt follows."""
    errors = subprocess.DEVNULL if quiet else None
    with subprocess.Popen([loader, "load"], stdin=subprocess.PIPE, stderr=errors) as running:
        stream: IO[bytes] | None = running.stdin
        assert stream is not None
        try:
            write_archive(layout, stream, repo_tags=tags, platform=platform, environment=environment, held=held)
            stream.close()
        except BrokenPipeError:
            pass  # the engine says why
        except BaseException:
            running.kill()
            raise
    return running.returncode


def _lines(path: str) -> list[str]:
    if not path:
        return []
    with open(path, encoding="utf-8") as file:
        return [line.strip() for line in file if line.strip()]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:], os.environ))
