"""Where Debian packages come from: archives that are given, or those that this machine's apt is set up for.

What is locked names no host. A package's address is `debian:pool/…`, and each machine spells it with its own mirrors.
"""

from __future__ import annotations

import functools
import os
import shutil
import subprocess
import threading
from collections.abc import Iterable, Mapping, Sequence
from typing import Final
from urllib.parse import urlsplit

from venvship.errors import EnvironmentProblem, UserError
from venvship.repos.urls import shown_url

SCHEME: Final = "debian:"
_TIMEOUT_SECONDS = 60
_HINT = "name one with `--debian_mirror=URL` or `mirrors` of the tag: the directory that holds `dists` and `pool`"


class NoMirror(EnvironmentProblem):
    """Nothing says where Debian packages can be had."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"no mirror of Debian packages is known: {reason}", hint=_HINT)


class BadMirror(UserError):
    """A text that is no address of an archive."""

    def __init__(self, text: str) -> None:
        super().__init__(
            f"`{shown_url(text)}` is no address of a Debian archive", hint="use file://, http:// or https://"
        )


class DebianMirrors:
    """The archives of this machine; apt is asked only if none are given, and once."""

    def __init__(self, given: Iterable[str] = (), *, environment: Mapping[str, str] | None = None) -> None:
        self._given = tuple(checked_mirror(text) for text in given)
        self._environment = environment if environment is not None else os.environ
        self._guard = threading.Lock()

    def addresses(self) -> Sequence[str]:
        """Addresses that end with a slash; raises NoMirror."""
        with self._guard:
            return self._given or self._of_apt

    def spelled(self, url: str) -> Sequence[str]:
        """The addresses that a `debian:` address means; any other stands for itself."""
        if not url.startswith(SCHEME):
            return (url,)
        return tuple(mirror + url.removeprefix(SCHEME) for mirror in self.addresses())

    @functools.cached_property
    def _of_apt(self) -> tuple[str, ...]:
        program = shutil.which("apt-get", path=self._environment.get("PATH", os.defpath))
        if program is None:
            raise NoMirror("there is no `apt-get` on this machine to ask")
        try:
            done = subprocess.run(
                # Without what `apt-get update` downloads, which images of Debian do without.
                [program, "indextargets", "--no-release-info", "--format", "$(REPO_URI)", "Created-By: Packages"],
                env={**self._environment, "LC_ALL": "C.UTF-8"},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NoMirror("`apt-get` does not answer") from error
        if done.returncode != 0:
            raise NoMirror(f"`apt-get` fails: {done.stderr.decode(errors='replace').strip()[:200]}")
        lines = [line.strip() for line in done.stdout.decode(errors="replace").splitlines()]
        usable = [line for line in lines if urlsplit(line).scheme in ("http", "https", "file")]
        if not usable:
            raise NoMirror("the settings of apt have none")
        return tuple(dict.fromkeys(checked_mirror(line) for line in usable))


def checked_mirror(text: str) -> str:
    """`text` with a slash at its end; raises BadMirror."""
    try:
        scheme = urlsplit(text).scheme
    except ValueError:
        scheme = ""
    if scheme not in ("http", "https", "file"):
        raise BadMirror(text)
    return text.rstrip("/") + "/"
