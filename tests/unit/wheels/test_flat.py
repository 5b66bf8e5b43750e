from __future__ import annotations

import pytest

from venvship.model.platform import Platform, PythonVersion
from venvship.wheels.build_set import MissingBuildRequirement, build_set
from venvship.wheels.flat import RequiresDist, linked, parse_metadata, parse_requires_dist
from venvship.wheels.lock import Lock
from venvship.wheels.markers import MarkerEnvironment
from venvship.wheels.requirements_txt import OfferedFile, lock_of, parse_requirements
from venvship.wheels.resolution import Requirer, Resolution, Roots, reachable_anywhere, resolve
from venvship.wheels.tags import supported_tags
from venvship.wheels.uv_lock import parse_uv_lock

LINUX = Platform.parse("linux_x86_64")
ENVIRONMENT = MarkerEnvironment.of(LINUX, "3.12.4")
TAGS = supported_tags(LINUX, PythonVersion(3, 12))
NAMES = ("app", "base", "extra", "left")


def flat_lock() -> Lock:
    text = "\n".join(f"{name}==1 --hash=sha256:{name[0] * 64}" for name in ("app", "base", "extra"))
    text = text.replace("app==1", "app[fast]==1")
    offered = {
        name: [OfferedFile(f"{name}-1-py3-none-any.whl", f"https://x/{name}-1-py3-none-any.whl", name[0] * 64)]
        for name in NAMES
    }
    return lock_of(
        parse_requirements(text.encode(), filename="r.txt").requirements, offered, filename="r.txt", index=""
    )


def flat() -> Resolution:
    return resolve(flat_lock(), roots=Roots((), script=True), environment=ENVIRONMENT, tags=TAGS)


def test_metadata_gives_a_flat_lock_its_edges() -> None:
    requires = {
        "app": parse_metadata(
            b"Metadata-Version: 2.1\nName: app\nRequires-Dist: base[more]>=1\n"
            b"Requires-Dist: extra; extra == 'fast'\nRequires-Dist: extra>=1\nRequires-Dist: never; extra == 'slow'\n"
            b"Requires-Dist: left; sys_platform == 'win32'\n"
        ),
        "base": (parse_requires_dist("app"), parse_requires_dist("extra; extra == 'more'")),
    }
    found = linked(flat(), requires, ENVIRONMENT)
    assert {name: node.dependencies for name, node in found.distributions.items()} == {
        "app": ("base", "extra"),
        "base": ("app", "extra"),
        "extra": (),
    }
    assert found.components == (("extra",), ("app", "base"))
    assert found.distributions["base"].extras == ("more",)
    assert found.distributions["extra"].required_by == (
        Requirer(""),
        Requirer("app"),
        Requirer("app", "fast"),
        Requirer("base", "more"),
    )


def test_nonsense_is_no_requirement() -> None:
    with pytest.raises(ValueError, match="`a b c` is not a requirement"):
        parse_requires_dist("a b c")


UV_LOCK = """
version = 1
[[package]]
name = "shop"
version = "1"
source = { virtual = "." }
dependencies = [{ name = "made" }, { name = "gone", marker = "sys_platform == 'win32'" }]
[[package]]
name = "made"
version = "1"
source = { registry = "r" }
[[package]]
name = "gone"
version = "1"
source = { registry = "r" }
[[package]]
name = "setuptools"
version = "80"
source = { registry = "r" }
wheels = [{ url = "https://x/setuptools-80-py3-none-any.whl" }]
[[package]]
name = "setuptools"
version = "9"
source = { registry = "r" }
wheels = [{ url = "https://x/setuptools-9-py3-none-any.whl" }]
[[package]]
name = "cython"
version = "3"
source = { registry = "r" }
dependencies = [{ name = "setuptools", version = "9" }]
wheels = [{ url = "https://x/cython-3-cp312-cp312-manylinux_2_17_x86_64.whl" }]
"""


def names_for(*requirements: str) -> list[str]:
    lock = parse_uv_lock(UV_LOCK.encode(), filename="uv.lock")
    parsed = [parse_requires_dist(text) for text in requirements]
    tools = build_set(lock, parsed, project="made 1", preferred={}, environment=ENVIRONMENT, tags=TAGS)
    return [str(tool.package) for tool in tools]


def test_a_build_takes_what_the_lock_has_of_its_requirements() -> None:
    assert names_for("setuptools>=40", "tomli; python_version < '3.11'") == ["setuptools 80"]
    assert names_for("cython") == ["cython 3", "setuptools 9"]


def test_everything_that_a_lock_does_not_have_is_named_with_the_fix() -> None:
    with pytest.raises(MissingBuildRequirement) as caught:
        names_for("hatchling", "cython", "made")
    assert caught.value.missing == ("hatchling", "made")
    assert "`uv add --group build hatchling made`" in str(caught.value)


def test_what_another_target_needs_is_reachable() -> None:
    lock = parse_uv_lock(UV_LOCK.encode(), filename="uv.lock")
    assert reachable_anywhere(lock, Roots.everything(lock)) == {"shop", "made", "gone"}
    assert RequiresDist("a") != RequiresDist("b")
