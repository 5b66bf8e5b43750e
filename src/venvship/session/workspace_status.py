"""The values that stamped outputs hold, from this machine and from the workspace's own command."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path

from venvship.errors import UserError
from venvship.host.files import write_atomically
from venvship.host.machine import user_name
from venvship.host.processes import Children
from venvship.model.workspace_status import WorkspaceStatus


class StatusCommandFailed(UserError):
    """`--workspace_status_command` ended with an error, or printed what is no text."""

    def __init__(self, command: str, reason: str, output: str = "") -> None:
        super().__init__(
            f"`--workspace_status_command={command}` {reason}" + (f":\n{output.rstrip()}" if output.strip() else ""),
            hint="it is run by /bin/sh at the root of the workspace, and prints lines of a key and a value",
        )
        self.command = command


def workspace_status(
    command: str, *, embed_label: str, root: Path, environment: Mapping[str, str], children: Children, now: datetime
) -> WorkspaceStatus:
    """Machine, user and time, and what `command` prints, if there is one. SOURCE_DATE_EPOCH stands for the time.

    Raises StatusCommandFailed.
    """
    epoch = environment.get("SOURCE_DATE_EPOCH", "")
    moment = datetime.fromtimestamp(int(epoch), UTC) if epoch.isdecimal() else now.astimezone(UTC)
    own = [
        ("BUILD_EMBED_LABEL", " ".join(embed_label.split())),
        ("BUILD_HOST", os.uname().nodename),
        ("BUILD_USER", user_name()),
        ("BUILD_TIMESTAMP", str(int(moment.timestamp()))),
        ("FORMATTED_DATE", moment.strftime("%Y %b %d %H %M %S %a")),
    ]
    return WorkspaceStatus.of([*own, *(_printed(command, root, environment, children) if command else ())])


def with_volatile_values_of(place: Path, status: WorkspaceStatus) -> WorkspaceStatus:
    """What was kept in `place`, if it tells of the same state of the sources; otherwise `status`, which is kept.

    A new time alone is thereby no reason to make stamped outputs again, and all that was made with them.
    """
    kept = _kept(place)
    if kept is not None and kept.stable == status.stable and kept.volatile.keys() == status.volatile.keys():
        return kept
    document = {"stable": dict(status.stable), "volatile": dict(status.volatile)}
    write_atomically(place, json.dumps(document, indent=1).encode())
    return status


def _kept(place: Path) -> WorkspaceStatus | None:
    try:
        document = json.loads(place.read_bytes())
        stable, volatile = document["stable"], document["volatile"]
        return WorkspaceStatus.of(
            [(str(key), str(value)) for half in (stable, volatile) for key, value in half.items()]
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None


def _printed(command: str, root: Path, environment: Mapping[str, str], children: Children) -> Iterator[tuple[str, str]]:
    argv = ("/bin/sh", "-c", command)
    process = children.start(argv, cwd=root, environment=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    if process is None:
        return
    try:
        printed, complaints = process.communicate()
    finally:
        children.forget(process)
    if process.returncode != 0:
        said = complaints.decode("utf-8", "replace")
        raise StatusCommandFailed(command, f"ended with exit code {process.returncode}", said)
    try:
        text = printed.decode("utf-8")
    except UnicodeDecodeError as error:
        raise StatusCommandFailed(command, "printed something that is not UTF-8") from error
    for line in text.splitlines():
        key, _, value = line.partition(" ")
        if key:
            yield key, value
