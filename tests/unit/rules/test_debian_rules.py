from __future__ import annotations

import re
from collections.abc import Mapping
from typing import cast

import pytest
from analysis_workspace import AnalysisWorkspace, outputs

from venvship.model.action import RunTool, WriteFile
from venvship.rules.oci.debian import DebianPackagesInfo
from venvship.rules.oci.image import OciImageInfo

HEAD = (
    'load("@venvship//oci:defs.bzl", "debian_base", "debian_package", "debian_packages", "py_sbom")\n'
    'load("@aspect_rules_py//py:defs.bzl", "py_binary")\n'
)
PACKAGES = """
debian_package(name = "libc", package = "libc6", version = "2.36-9+b1", architecture = "amd64", deb = "libc6.deb",
               sha256 = "ab" * 32)
debian_package(name = "zones", package = "tzdata", version = "1", architecture = "all", deb = "tzdata.deb")
debian_packages(name = "all", packages = [":zones", ":libc"])
"""


def workspace(text: str) -> AnalysisWorkspace:
    files = dict.fromkeys(("libc6.deb", "tzdata.deb", "other.deb", "app.py"), "")
    return AnalysisWorkspace({**files, "BUILD": HEAD + PACKAGES + text})


def test_packages_come_once_and_by_name() -> None:
    found = workspace("").one("//:all")[DebianPackagesInfo].packages
    assert [(package.name, package.version) for package in found] == [("libc6", "2.36-9+b1"), ("tzdata", "1")]


def test_a_base_is_one_layer_or_one_for_each_package() -> None:
    made = workspace(
        'debian_base(name = "one", packages = [":all"])\n'
        'debian_base(name = "many", packages = [":all"], layers = "package")\n'
    )
    names = [
        [layer.name for layer in made.one(label)[OciImageInfo].layers if layer is not None]
        for label in ("//:one", "//:many")
    ]
    assert names == [["Debian packages"], ["libc6 2.36-9+b1", "tzdata 1", "system"]]


def test_users_have_entries_and_homes() -> None:
    made = workspace('debian_base(name = "base", packages = [":all"], users = {"shop": "1000"})\n')
    target = made.one("//:base")
    action = outputs(target.actions)["venvship-out/linux_x86_64-fastbuild/bin/base.tar.gz"]
    assert isinstance(action, RunTool)
    rows = cast(tuple[Mapping[str, object], ...], action.request["rows"])
    assert {"directory": "home/shop", "mode": 0o700, "uid": 1000, "gid": 1000} in rows


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('debian_base(name = "x", packages = [])', "has no packages"),
        ('debian_base(name = "x", packages = [":all"], users = {"root": "5"})', "has `root`, which every image has"),
        ('debian_base(name = "x", packages = [":all"], users = {"a:b": "5"})', "must have names with numbers"),
        ('debian_base(name = "x", packages = [":all"], users = {"a": "five"})', "must have names with numbers"),
        ('debian_base(name = "x", packages = [":all"], timezone = "../x")', "must be a name such as `Etc/UTC`"),
        ('debian_package(name = "x", package = "A b", version = "1", deb = "other.deb")', "name of a Debian package"),
        (
            'debian_package(name = "y", package = "libc6", version = "2.40", deb = "other.deb")\n'
            'debian_base(name = "x", packages = [":all", ":y"])',
            "`libc6` in the versions 2.36-9\\+b1 and 2.40",
        ),
    ],
)
def test_what_can_not_be_is_refused_at_analysis(text: str, reason: str) -> None:
    assert re.search(reason, workspace(text).problems("//:x"))


def test_a_bill_of_materials_has_the_packages_of_the_base() -> None:
    made = workspace(
        'debian_base(name = "base", packages = [":all"])\npy_binary(name = "app", srcs = ["app.py"])\n'
        'py_sbom(name = "sbom", binaries = [":app"], packages = [":base"])\n'
    )
    [write] = [action for action in made.one("//:sbom").actions if isinstance(action, WriteFile)]
    assert isinstance(write.content, bytes)
    text = write.content.decode()
    assert "pkg:deb/debian/libc6@2.36-9%2Bb1?arch=amd64" in text and "ab" * 32 in text
