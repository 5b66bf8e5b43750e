from __future__ import annotations

import re

from venvship.model.paths import TreePath
from venvship.venvs.module_index import module_index, module_names
from venvship.venvs.wheel_layout import InstalledWheel


def wheel(project: str, *files: str) -> InstalledWheel:
    return InstalledWheel.of_files(
        project, "1.0", site_packages=TreePath(f"{project}/site"), prefix=TreePath(project), files=files
    )


def test_files_are_modules_unless_they_are_private_or_hold_no_code() -> None:
    files = ["a/__init__.py", "a/_b.py", "a/c.abi3.so", "_d.so", "a-b.py", "a/words.txt", "a-1.0.dist-info/METADATA"]
    assert list(module_names(files)) == ["a", "a.c"]


def test_the_shortest_name_that_tells_a_distribution_is_kept() -> None:
    index = module_index([wheel("Big", "big/__init__.py", "big/inner/__init__.py", "big/inner/deep.py", "one.py")])
    assert index == {"big": "Big", "one": "Big"}


def test_namespaces_are_told_by_what_is_below_them() -> None:
    implicit = [wheel("a-x", "ns/x/__init__.py", "ns/x/y.py"), wheel("a-z", "ns/z.py")]
    assert module_index(implicit) == {"ns.x": "a-x", "ns.z": "a-z"}
    legacy = [wheel("a-x", "ns/__init__.py", "ns/x.py"), wheel("a-z", "ns/__init__.py", "ns/z.py")]
    assert module_index(legacy) == {"ns.x": "a-x", "ns.z": "a-z"}


def test_a_module_inside_of_another_distributions_package_is_told_apart() -> None:
    index = module_index([wheel("core", "pkg/__init__.py", "pkg/base.py"), wheel("plugin", "pkg/plugin.py")])
    assert index == {"pkg": "core", "pkg.plugin": "plugin"}


def test_of_distributions_with_the_same_module_the_first_counts() -> None:
    assert module_index([wheel("b", "cv.py"), wheel("a", "cv.py")]) == {"cv": "a"}


def test_modules_that_a_pattern_is_found_in_are_left_out() -> None:
    wheels = [wheel("a", "one/__init__.py", "one/tests/x.py", "two.py", "tests/__init__.py")]
    assert module_index(wheels, excluded=[re.compile(r"^tests"), re.compile("wo$")]) == {"one": "a"}
