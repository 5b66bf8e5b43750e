"""What the root file system of an image has beside programs and libraries: directories, users, name service."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from venvship.dataclass import dataclass
from venvship.model.paths import TreePath

NONROOT: Final = 65532
"""User and group of programs that need no rights, as in other bases of this kind."""


@dataclass(frozen=True, slots=True)
class RootDirectory:
    """A directory with permissions or an owner of its own."""

    path: TreePath
    mode: int
    uid: int = 0
    gid: int = 0


DIRECTORIES: Final = (
    # Mount points must exist where the root of a container is read-only.
    RootDirectory(TreePath("dev"), 0o755),
    RootDirectory(TreePath("home/nonroot"), 0o700, NONROOT, NONROOT),
    RootDirectory(TreePath("proc"), 0o555),
    RootDirectory(TreePath("root"), 0o700),
    RootDirectory(TreePath("run"), 0o755),
    RootDirectory(TreePath("sys"), 0o555),
    RootDirectory(TreePath("tmp"), 0o1777),
    RootDirectory(TreePath("var/tmp"), 0o1777),
)


def system_texts(users: Mapping[str, int] | None = None) -> Mapping[TreePath, str]:
    """Small files by path; `users` are names and numbers beside root, nobody and nonroot."""
    own = sorted((users or {}).items(), key=lambda row: (row[1], row[0]))
    return {
        TreePath("etc/passwd"): (
            "root:x:0:0:root:/root:/sbin/nologin\n"
            "nobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\n"
            f"nonroot:x:{NONROOT}:{NONROOT}:nonroot:/home/nonroot:/sbin/nologin\n"
        )
        + "".join(f"{name}:x:{uid}:{uid}:{name}:/home/{name}:/sbin/nologin\n" for name, uid in own),
        TreePath("etc/group"): f"root:x:0:\nnobody:x:65534:\nnonroot:x:{NONROOT}:\n"
        + "".join(f"{name}:x:{uid}:\n" for name, uid in own),
        TreePath("etc/nsswitch.conf"): (
            "passwd: files\ngroup: files\nshadow: files\nhosts: files dns\nnetworks: files\n"
            "protocols: files\nservices: files\n"
        ),
    }


def directories(users: Mapping[str, int] | None = None) -> tuple[RootDirectory, ...]:
    """Directories of a root, with a home for each of `users`."""
    homes = [RootDirectory(TreePath(f"home/{name}"), 0o700, uid, uid) for name, uid in (users or {}).items()]
    return tuple(sorted([*DIRECTORIES, *homes], key=lambda one: one.path))
