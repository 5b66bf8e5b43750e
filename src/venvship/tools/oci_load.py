"""Loads an OCI layout into a container engine of this machine, or writes the archive that every engine loads.

    oci_load LAYOUT [--repo_tag=NAME:TAG ...] [--loader=PROGRAM] [--output=FILE] [--platform=linux/amd64]

The archive goes to the stdin of `PROGRAM load`; nothing is written beside it.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
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
    for name in _LOADERS:
        if shutil.which(name, path=environment.get("PATH", os.defpath)):
            return name
    raise ImageProblem(f"neither {' nor '.join(_LOADERS)} is installed; give --output to write the archive")


def _load(
    loader: str, layout: str, tags: Sequence[str], platform: Mapping[str, str], environment: Mapping[str, str]
) -> int:
    with subprocess.Popen([loader, "load"], stdin=subprocess.PIPE) as running:
        stream: IO[bytes] | None = running.stdin
        assert stream is not None
        try:
            write_archive(layout, stream, repo_tags=tags, platform=platform, environment=environment)
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
