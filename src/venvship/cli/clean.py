"""`clean`: removes outputs; with `--expunge` everything that is kept for the workspace.

With `--unused` it leaves outputs alone and removes what no workspace uses of what they share, and what each remembers
of commands of long ago; with `--verify` it removes what is damaged of what they share.

It reads no file of the workspace, so that it works where nothing else does. A `.venv` in the root stays: editors
hold on to it.
"""

from __future__ import annotations

import os
import time
from pathlib import Path

from venvship.cli.exit_codes import ExitCode
from venvship.cli.invocation import Invocation
from venvship.cli.session_options import session_options
from venvship.events.build_events import Message, Severity
from venvship.execution.layout import Layout, default_user_root
from venvship.host.files import remove
from venvship.host.locks import FileLock
from venvship.loading.workspace import NotInWorkspace
from venvship.session.damage import remove_damaged
from venvship.session.unused import parse_size, remove_unused
from venvship.ui.messages import size


def clean(invocation: Invocation) -> int:
    if invocation.workspace is None:
        raise NotInWorkspace(str(invocation.surroundings.cwd))
    options = session_options(invocation.startup, invocation.line)
    user_root = options.output_user_root or default_user_root(invocation.surroundings.environment)
    layout = Layout.of(invocation.workspace, user_root)
    with invocation.display() as display:
        if invocation.flags.boolean("verify"):
            verified = remove_damaged(layout.user_root, block=options.block_for_lock)
            for damaged in verified.damaged:
                display.emit(
                    Message(Severity.WARNING, f"`{damaged}` is damaged; it is removed, and made anew when needed")
                )
            text = f"Read {verified.entries} entries of the stores, {len(verified.damaged)} of them damaged"
            display.emit(Message(Severity.INFO, text))
            if not invocation.flags.boolean("unused"):
                return ExitCode.SUCCESS
        if invocation.flags.boolean("unused"):
            limit = invocation.flags.text("max_size")
            removed = remove_unused(
                layout.user_root,
                now=time.time(),
                max_size=parse_size(limit) if limit else None,
                block=options.block_for_lock,
            )
            text = f"Removed {removed.entries} unused entries, {size(removed.size)}; {size(removed.left)} are left"
            display.emit(Message(Severity.INFO, text))
            return ExitCode.SUCCESS
        if not layout.output_base.is_dir():
            display.emit(Message(Severity.INFO, "There is nothing to clean"))
            return ExitCode.SUCCESS
        lock = FileLock(layout.lock)
        if options.block_for_lock:
            lock.acquire()
        else:
            lock.try_acquire()
        with lock:
            display.emit(Message(Severity.INFO, "Removing outputs"))
            _remove_links(layout.workspace, options.symlink_prefix, inside=layout.output_base)
            if invocation.flags.boolean("expunge"):
                remove(layout.output_base)
            else:
                for path in sorted(layout.output_base.iterdir()):
                    if path != layout.lock and path.name not in _KEPT:
                        remove(path)
    return ExitCode.SUCCESS


_KEPT = frozenset({"repositories"})
"""What comes from outside and has not changed because somebody wants a fresh build."""


def _remove_links(root: Path, prefix: str, *, inside: Path) -> None:
    """Remove the links in the root that lead to outputs, and no others."""
    directory = root / os.path.dirname(prefix)
    name = os.path.basename(prefix)
    if not directory.is_dir():
        return
    for entry in sorted(os.scandir(directory), key=lambda entry: entry.name):
        if entry.is_symlink() and entry.name.startswith(name) and Path(os.readlink(entry.path)).is_relative_to(inside):
            os.unlink(entry.path)
