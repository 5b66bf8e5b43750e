"""Compares resolutions with what uv exports for the same lock file, choice and target."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from venvship.model.platform import Platform, PythonVersion
from venvship.wheels.filename import normalise_name
from venvship.wheels.lock import RegistrySource
from venvship.wheels.markers import MarkerEnvironment
from venvship.wheels.resolution import Root, Roots, resolve
from venvship.wheels.tags import supported_tags
from venvship.wheels.uv_lock import parse_uv_lock

pytestmark = pytest.mark.index

UV = str(Path(sys.prefix) / "bin/uv")
TARGETS = [("linux_x86_64", "3.11.7"), ("linux_aarch64", "3.13.1"), ("macos_arm64", "3.12.4")]

APP = """
[project]
name = "app"
version = "1"
requires-python = ">=3.11,<3.14"
dependencies = [
    "lib",
    "httpx[http2]",
    "colorama; sys_platform == 'win32'",
    "importlib-metadata; python_version < '3.12'",
    "sqlalchemy[asyncio]",
]
[project.optional-dependencies]
old = ["idna<3"]
new = ["idna>=3.7", "lib[extra]"]
both = ["app[new]", "tomli; python_full_version < '3.12.2'"]
[dependency-groups]
test = ["pytest", { include-group = "more" }]
more = ["typing-extensions"]
legacy = ["packaging<24"]
[tool.uv]
package = false
conflicts = [
    [{ extra = "old" }, { extra = "new" }],
    [{ extra = "old" }, { extra = "both" }],
    [{ group = "legacy" }, { group = "test" }],
]
[tool.uv.workspace]
members = ["lib"]
[tool.uv.sources]
lib = { workspace = true }
"""

LIB = """
[project]
name = "lib"
version = "2"
requires-python = ">=3.11"
dependencies = ["attrs", "uvloop; platform_machine == 'x86_64' and sys_platform != 'win32'"]
[project.optional-dependencies]
extra = ["click"]
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
"""


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("workspace")
    (root / "lib").mkdir()
    (root / "pyproject.toml").write_text(APP)
    (root / "lib/pyproject.toml").write_text(LIB)
    subprocess.run([UV, "lock", "--quiet"], cwd=root, check=True)
    return root


def exported(workspace: Path, root: Root, environment: MarkerEnvironment) -> set[tuple[str, str]]:
    command = [UV, "export", "--quiet", "--frozen", "--no-hashes", "--no-header", "--no-annotate", "--no-emit-local"]
    command += ["--no-default-groups", "--package", root.member]
    command += [option for extra in root.extras for option in ("--extra", extra)]
    command += [option for group in root.groups for option in ("--group", group)]
    output = subprocess.run(command, cwd=workspace, check=True, capture_output=True, text=True).stdout
    requirements = [Requirement(line) for line in output.splitlines()]
    return {
        (normalise_name(requirement.name), str(requirement.specifier).removeprefix("=="))
        for requirement in requirements
        if requirement.marker is None or requirement.marker.evaluate(dict(environment.variables))
    }


CHOICES = [
    Root("app", extras, groups)
    for extras, groups in itertools.product([(), ("old",), ("new",), ("both",)], [(), ("test",), ("legacy",)])
]


@pytest.mark.parametrize("root", [*CHOICES, Root("lib"), Root("lib", ("extra",))], ids=str)
def test_every_choice_is_resolved_as_uv_does(workspace: Path, root: Root) -> None:
    lock = parse_uv_lock((workspace / "uv.lock").read_bytes(), filename="uv.lock")
    for platform, python in TARGETS:
        target = Platform.parse(platform)
        environment = MarkerEnvironment.of(target, python)
        tags = supported_tags(target, PythonVersion.parse(python))
        resolution = resolve(lock, roots=Roots((root,)), environment=environment, tags=tags)
        ours = {
            (node.name, node.version)
            for node in resolution.distributions.values()
            if isinstance(node.source, RegistrySource)
        }
        assert ours == exported(workspace, root, environment), platform
