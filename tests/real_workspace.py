"""A workspace on disk in which the real command runs, with caches of its own and a package index of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from fake_index import FakeIndex
from wheel_building import wheel_bytes

ORIGIN = "https://packages.example/simple"
MODULE = """
module(name = "shop")
bazel_dep(name = "aspect_rules_py", version = "2.0.0")
bazel_dep(name = "rules_oci", version = "2.2.6")
bazel_dep(name = "platforms", version = "1.0.0")
"""
HUB = """
uv = use_extension("@aspect_rules_py//uv:extensions.bzl", "uv")
uv.declare_hub(hub_name = "pypi")
uv.project(hub_name = "pypi", lock = "//:uv.lock", pyproject = "//:pyproject.toml")
use_repo(uv, "pypi")
"""
_MORE_THAN_STAMPS = (" venvship.session.build_record", " venvship.session.workspace_session")
"""What a command has imported that looks at the workspace, as the interpreter says it."""
_NAMES = ("py_binary", "py_image_layer", "py_library", "py_pytest_test", "py_test", "py_venv")
DEFS = 'load("@aspect_rules_py//py:defs.bzl", ' + ", ".join(f'"{name}"' for name in _NAMES) + ")\n"


@dataclass(frozen=True)
class Ran:
    """How a command ended."""

    code: int
    stdout: str
    stderr: str

    def actions(self) -> tuple[int, int, int]:
        """How many actions were run, came from the cache, and were up to date."""
        found = re.search(r"Actions: (\d+) run, (\d+) from the cache, (\d+) up to date", self.stderr)
        assert found is not None, self.stderr
        run, cached, up_to_date = (int(text) for text in found.groups())
        return run, cached, up_to_date


@dataclass
class RealWorkspace:
    """`root` is the workspace, `cache` the user's cache directory."""

    root: Path
    cache: Path
    index: str = "http://127.0.0.1:9/simple"
    environment: dict[str, str] = field(default_factory=dict)
    prefix: tuple[str, ...] = ()
    """Words before the command, of a program that starts it."""

    def write(self, files: Mapping[str, str]) -> None:
        for path, text in files.items():
            target = self.root / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def run(self, *argv: str, cwd: Path | None = None, timeout: float = 600) -> Ran:
        """Run `venvship argv…` in the workspace."""
        done = subprocess.run(
            [*self.prefix, sys.executable, "-m", "venvship", *argv],
            cwd=cwd or self.root,
            env=self.surroundings(),
            capture_output=True,
            text=True,
            timeout=timeout,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        return Ran(done.returncode, done.stdout, done.stderr)

    def settle(self, *argv: str, cwd: Path | None = None) -> Ran:
        """Run a command until its stamp alone has the answer, which it has not while files are very young.

        From now on commands tell what they import, by which one sees which way they go.
        """
        self.environment["PYTHONPROFILEIMPORTTIME"] = "1"
        for _ in range(100):
            done = self.run(*argv, cwd=cwd)
            assert done.code == 0, done.stderr
            if not any(line.endswith(_MORE_THAN_STAMPS) for line in done.stderr.splitlines()):
                return done
            time.sleep(0.1)
        raise AssertionError(f"no stamp answers:\n{done.stderr}")

    def started(self, *argv: str) -> subprocess.Popen[bytes]:
        """`venvship argv…`, begun in a process group of its own, and silent."""
        return subprocess.Popen(
            [sys.executable, "-m", "venvship", *argv],
            cwd=self.root,
            env=self.surroundings(),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
        )

    def surroundings(self) -> dict[str, str]:
        """The environment variables of a command."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.cache / "home"),
            "XDG_CACHE_HOME": str(self.cache),
            "PIP_CONFIG_FILE": os.devnull,
            "UV_NO_CONFIG": "1",
            "PIP_INDEX_URL": self.index,
            "UV_HTTP_TIMEOUT": "600",
            **self.environment,
        }

    def build(self, *argv: str) -> Ran:
        return self.run("build", f"--index_override={ORIGIN}=@default", *argv)

    def test(self, *argv: str) -> Ran:
        return self.run("test", f"--index_override={ORIGIN}=@default", *argv)

    def built(self, *argv: str) -> Ran:
        """Build, which must succeed."""
        done = self.build(*argv)
        assert done.code == 0, done.stderr
        return done


def locked(
    index: FakeIndex | None,
    *dists: tuple[str, str],
    tag: str = "py3-none-any",
    needs: Iterable[str] = (),
    salt: str = "",
) -> str:
    """A uv.lock of one project that needs `dists` (names with versions), which `index` then offers.

    `salt` makes wheels that no other test has brought into the shared cache.
    """
    names = [name for name, _ in dists]
    lines = [
        "version = 1",
        "revision = 3",
        'requires-python = ">=3.11"',
        "",
        "[[package]]",
        'name = "shop"',
        'version = "0"',
        'source = { virtual = "." }',
        "dependencies = [" + ", ".join('{ name = "' + name + '" }' for name in [*names, *needs]) + "]",
    ]
    for name, version in dists:
        filename = f"{name}-{version}-{tag}.whl"
        content = wheel_bytes(name, version, {f"{name}/__init__.py": f"VERSION = '{version}'\n# {salt}\n"}, tag=tag)
        sha256 = index.add(name, filename, content) if index is not None else "0" * 64
        lines += [
            "",
            "[[package]]",
            f'name = "{name}"',
            f'version = "{version}"',
            f'source = {{ registry = "{ORIGIN}" }}',
            f'wheels = [{{ url = "{ORIGIN}/{name}/{filename}", hash = "sha256:{sha256}" }}]',
        ]
    return "\n".join(lines) + "\n"
