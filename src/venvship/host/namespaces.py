"""Confines one program with Linux namespaces, where bubblewrap is not installed.

    python -I -S -B namespaces.py SETTINGS PROGRAM [ARGUMENT ...]

SETTINGS is JSON: `writable` and `visible` (lists of paths), `temporary` (shown as `/tmp`), `network` (whether the
program keeps the network) and `cwd`. The program runs in namespaces of its own for users, mounts, processes, IPC
and, without the network, for the network; everything is read-only but what is named. Ends with the program's exit
code, or 128 and the number of the signal that ended it; 125 when the system refuses.

Standard library only: it runs alone, before anything of ours is importable.
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import json
import os
import signal
import socket
import struct
import sys

_CLONE_NEWNS, _CLONE_NEWIPC, _CLONE_NEWUSER = 0x00020000, 0x08000000, 0x10000000
_CLONE_NEWPID, _CLONE_NEWNET = 0x20000000, 0x40000000
_MS_NOSUID, _MS_NODEV, _MS_BIND, _MS_REC, _MS_PRIVATE = 2, 4, 4096, 16384, 1 << 18
_MOUNT_SETATTR, _AT_FDCWD, _AT_RECURSIVE, _MOUNT_ATTR_RDONLY = 442, -100, 0x8000, 1
_PR_SET_PDEATHSIG = 1
_SIOCGIFFLAGS, _SIOCSIFFLAGS, _IFF_UP = 0x8913, 0x8914, 1
_REFUSED = 125

_libc = ctypes.CDLL(None, use_errno=True)


def main() -> None:
    settings = json.loads(sys.argv[1])
    argv = sys.argv[2:]
    _die_with_parent()
    try:
        _unshare(network=bool(settings["network"]))
    except OSError as error:
        print(f"namespaces: {error}", file=sys.stderr)
        os._exit(_REFUSED)
    child = os.fork()
    if child:
        _exit_like(child)
    # The first process of its process namespace: when it ends, the kernel ends all others.
    _die_with_parent()
    try:
        _mount(settings)
        if not settings["network"]:
            _bring_loopback_up()
        os.chdir(settings["cwd"])
    except OSError as error:
        print(f"namespaces: {error}", file=sys.stderr)
        os._exit(_REFUSED)
    program = os.fork()
    if not program:
        try:
            os.execvp(argv[0], argv)
        except OSError as error:
            print(f"{argv[0]}: {error.strerror}", file=sys.stderr)
            os._exit(127)
    _exit_like(program)


def _exit_like(pid: int) -> None:
    """Wait for `pid`, reaping orphans meanwhile, and end as it ended."""
    while True:
        ended, status = os.wait()
        if ended == pid:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _unshare(*, network: bool) -> None:
    user, group = os.getuid(), os.getgid()
    flags = _CLONE_NEWUSER | _CLONE_NEWNS | _CLONE_NEWPID | _CLONE_NEWIPC | (0 if network else _CLONE_NEWNET)
    _check(_libc.unshare(flags), "unshare")
    with contextlib.suppress(OSError):
        _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{user} {user} 1")
    _write("/proc/self/gid_map", f"{group} {group} 1")


def _mount(settings: dict[str, object]) -> None:
    temporary, writable, visible = settings["temporary"], settings["writable"], settings["visible"]
    assert isinstance(temporary, str) and isinstance(writable, list) and isinstance(visible, list)
    _bind(None, "/", _MS_REC | _MS_PRIVATE)
    # Opened before `/tmp` and `/dev/shm` are hidden, because they may lie below these.
    shown = [(path, os.open(path, os.O_PATH)) for path in (*visible, *writable)]
    _bind(temporary, "/tmp", _MS_BIND | _MS_REC)
    _check(_libc.mount(b"tmpfs", b"/dev/shm", b"tmpfs", _MS_NOSUID | _MS_NODEV, None), "mount /dev/shm")
    for path, descriptor in shown:
        if path.startswith(("/tmp/", "/dev/shm/")) or path in writable:
            os.makedirs(path, exist_ok=True)
            _bind(f"/proc/self/fd/{descriptor}", path, _MS_BIND | _MS_REC)
    # Where parts of the old one are hidden, a new one is refused; the old one then stays.
    _libc.mount(b"proc", b"/proc", b"proc", _MS_NOSUID | _MS_NODEV, None)
    _set_read_only("/", _AT_RECURSIVE, read_only=True)
    for path in ("/tmp", "/dev/shm", *writable):
        _set_read_only(path, 0, read_only=False)


def _bind(source: str | None, target: str, flags: int) -> None:
    origin = os.fsencode(source) if source is not None else None
    _check(_libc.mount(origin, os.fsencode(target), None, flags, None), f"mount {target}")


def _set_read_only(path: str, flags: int, *, read_only: bool) -> None:
    attributes = struct.pack("QQQQ", *((_MOUNT_ATTR_RDONLY, 0) if read_only else (0, _MOUNT_ATTR_RDONLY)), 0, 0)
    result = _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), flags, attributes, len(attributes))
    _check(result, f"mount_setattr {path}")


def _bring_loopback_up() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        request = struct.pack("16sH14x", b"lo", 0)
        _, flags = struct.unpack("16sH14x", fcntl.ioctl(handle, _SIOCGIFFLAGS, request))
        fcntl.ioctl(handle, _SIOCSIFFLAGS, struct.pack("16sH14x", b"lo", flags | _IFF_UP))


def _die_with_parent() -> None:
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode())
    finally:
        os.close(descriptor)


def _check(result: int, what: str) -> None:
    if result != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")


if __name__ == "__main__":
    main()
