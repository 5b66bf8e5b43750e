"""A workspace that is edited again and again, where each build is held against one from nothing."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

from real_workspace import Ran, RealWorkspace

ANALYSIS = " venvship.analysis.analyzer"
WHOLE = " venvship.cli.build"


class Edited:
    """A workspace that is edited; after each edit the build is held against a clean one."""

    def __init__(self, workspace: RealWorkspace, *flags: str) -> None:
        self.workspace = workspace
        self._flags = flags
        self.settle()

    def settle(self) -> None:
        """Build until all is known of the workspace as it is."""
        self.workspace.settle("build", *self._flags, "//...")

    def build(self) -> Ran:
        done = self.workspace.run("build", *self._flags, "//...")
        lines = done.stderr.splitlines()
        told = [line for line in lines if not line.startswith("import time:") or line.endswith((ANALYSIS, WHOLE))]
        return replace(done, stderr="\n".join(told))

    def replace(self, path: str, old: str | None, new: str) -> str:
        """Write another text for a part of a file, or for all of it; answers what it was."""
        file = self.workspace.root / path
        text = file.read_text()
        assert old is None or text.count(old) == 1, (path, old)
        file.write_text(new if old is None else text.replace(old, new))
        return text

    def short(self, path: str, old: str | None, new: str) -> int:
        """Make an edit that concerns a part; answers how many actions it made."""
        self.replace(path, old, new)
        done = self.build()
        assert done.code == 0, done.stderr
        assert ANALYSIS in done.stderr and WHOLE not in done.stderr, done.stderr
        self._compare(done)
        run, cached, _ = done.actions()
        return run + cached

    def nothing(self, path: str, old: str | None, new: str) -> None:
        """Make an edit that means nothing."""
        self.replace(path, old, new)
        done = self.build()
        assert done.code == 0, done.stderr
        assert ANALYSIS not in done.stderr, done.stderr
        self._compare(done)

    def long(self, path: str, old: str | None, new: str) -> None:
        """Make an edit after which the command begins anew."""
        self.replace(path, old, new)
        done = self.build()
        assert done.code == 0, done.stderr
        assert WHOLE in done.stderr
        self._compare(done)

    def fails(self, path: str, old: str | None, new: str, message: str) -> None:
        """Make an edit that breaks the build, and take it back."""
        before = self.replace(path, old, new)
        done = self.build()
        assert done.code != 0 and message in done.stderr, done.stderr
        self.replace(path, None, before)
        self.settle()

    def _compare(self, done: Ran) -> None:
        root = self.workspace.root.parent / "clean"
        shutil.rmtree(root, ignore_errors=True)
        mine = (self.workspace.root / "venvship-out").resolve()
        self._seed(root, mine.parents[4])
        words = ("build", *self._flags, "--symlink_prefix=/", "//...")
        clean = self.workspace.run(f"--output_user_root={root}", *words)
        assert clean.code == 0, clean.stderr
        assert sum(clean.actions()) == sum(done.actions())
        [other] = (root / "workspaces").iterdir()
        found = contents(mine, mine.parents[4])
        expected = contents(other / "execroot/_main/venvship-out", root)
        assert {path: found.get(path) for path in expected} == expected

    def _seed(self, root: Path, known: Path) -> None:
        """Let a clean root know interpreters and wheels, and nothing that an action made."""
        root.mkdir()
        for entry in known.iterdir():
            if entry.name not in ("actions", "workspaces"):
                subprocess.run(["cp", "-al", str(entry), str(root)], check=True)

    def text(self, name: str) -> str:
        return (self.workspace.root / "venvship-bin/words" / name).read_text().strip()


def contents(directory: Path, root: Path) -> dict[str, str]:
    """Files and links below a directory of outputs, `root` being the user's directory that it is in."""
    found: dict[str, str] = {}
    for path in sorted(directory.rglob("*")):
        if path.name.endswith((".runfiles_stamp", ".runfiles_manifest")):
            continue
        text = os.readlink(path) if path.is_symlink() else path.read_bytes().hex() if path.is_file() else ""
        found[str(path.relative_to(directory))] = text.replace(str(root), "").replace(bytes(root).hex(), "")
    return found
