"""Passwords that the user keeps in a keyring, asked of the `keyring` program as pip and uv do."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable

_TIMEOUT_SECONDS = 30


def password_of(user: str, services: Iterable[str]) -> str | None:
    """The password of a user, kept under the first of the names that has one; None when there is none."""
    program = shutil.which("keyring")
    if program is None or not user or user.startswith("-"):
        return None
    for service in dict.fromkeys(services):
        try:
            done = subprocess.run(
                [program, "get", service, user],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_TIMEOUT_SECONDS,
                check=False,
            )
        except (OSError, subprocess.TimeoutExpired):
            return None
        password = done.stdout.rstrip("\r\n")
        if done.returncode == 0 and password:
            return password
    return None
