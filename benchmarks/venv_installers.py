"""Who makes a virtualenv of locked wheels: uv, pip, and our own command; and the wheels that they install."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import Protocol

from directories import removed, settle
from locked_wheels import ORIGIN, Wheel
from measuring import Command
from revisions import installed_wheel

UV = str(Path(sys.executable).parent / "uv")
MODULES = 40


def wheel(name: str, version: str = "1.0", *, modules: int = MODULES) -> Wheel:
    files: dict[str, str | bytes] = {f"{name}/__init__.py": f"NAME = '{name}'\n# {version}\n"}
    for number in range(modules):
        files[f"{name}/part{number % 4}/module{number}.py"] = f"VALUE = {number}\n" * 40
    return Wheel.made(name, version, files=files)


def write_requirements(root: Path, wheels: list[Wheel]) -> None:
    (root / "requirements.txt").write_text("".join(f"{one.name}=={one.version}\n" for one in wheels))


class Installer(Protocol):
    """Another installer."""

    name: str

    def run(self) -> float:
        """Seconds for a new virtualenv."""

    def forget(self) -> None:
        """Let the next run find nothing."""


class Uv:
    """`uv venv` and `uv pip sync`, one after the other; the cache is warm after the first run."""

    def __init__(self, root: Path, stored: Path, state: Path, link_mode: str) -> None:
        self.name = f"uv, {link_mode}"
        self.cache = state / f"uv-{link_mode}"
        environment = {"PATH": os.environ["PATH"], "HOME": str(state), "UV_CACHE_DIR": str(self.cache)}
        environment |= {"UV_NO_CONFIG": "1", "UV_PYTHON_DOWNLOADS": "never", "UV_OFFLINE": "1"}
        self.venv = state / f"venv-{link_mode}"
        sync = (UV, "pip", "sync", "--quiet", "--no-index", f"--find-links={stored}", f"--link-mode={link_mode}")
        make = (UV, "venv", "--quiet", "--python", sys.executable, str(self.venv))
        self._make = Command("uv", make, root, environment)
        self._sync = Command("uv", (*sync, f"--python={self.venv}/bin/python", "requirements.txt"), root, environment)

    def run(self) -> float:
        removed(self.venv)
        settle()
        return self._make.run() + self.sync()

    def sync(self) -> float:
        """Bring the virtualenv that is there to what is required now."""
        return self._sync.run()

    def forget(self) -> None:
        removed(self.cache)


class Pip:
    """`python -m venv` and one `pip install`, which has nothing that it could keep."""

    name = "pip"

    def __init__(self, root: Path, stored: Path, state: Path) -> None:
        environment = {"PATH": os.environ["PATH"], "HOME": str(state), "PIP_CONFIG_FILE": os.devnull}
        self.venv = state / "venv-pip"
        make = (sys.executable, "-m", "venv", "--without-pip", str(self.venv))
        words = ("install", "--quiet", "--no-deps", "--no-compile", "--no-index", f"--find-links={stored}")
        pip = (sys.executable, "-m", "pip", f"--python={self.venv}", "--disable-pip-version-check", *words)
        self._make = Command("pip", make, root, environment)
        self._install = Command("pip", (*pip, "-r", "requirements.txt"), root, environment)

    def run(self) -> float:
        removed(self.venv)
        settle()
        return self._make.run() + self._install.run()

    def forget(self) -> None:
        return None


class Ours:
    """The real command; the interpreter and the wheels are in the store after the first run."""

    def __init__(self, root: Path, state: Path, index: str, *targets: str) -> None:
        environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        environment |= {"HOME": str(state), "PIP_INDEX_URL": index, "UV_NO_CONFIG": "1"}
        self.kept = state / "ours"
        words = (f"--output_user_root={self.kept}", "build", "--noshow_progress", f"--index_override={ORIGIN}=@default")
        self._command = Command("venvship", (installed_wheel(), *words, *targets), root, environment)
        self.venv = root / "venvship-bin" / ".venv0"

    def run(self) -> float:
        if self.venv.exists():
            shutil.rmtree(self.venv)
        settle()
        return self._command.run()

    def forget(self) -> None:
        removed(self.kept)
