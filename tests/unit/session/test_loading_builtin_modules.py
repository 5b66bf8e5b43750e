"""Every file of the built-in modules can be loaded by whoever names it."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from venvship.loading.disk_files import DiskFiles
from venvship.loading.module_extension import REPOSITORY_NAMES
from venvship.loading.package_loader import PackageLoader
from venvship.loading.repositories import KnownRepositories, Repository
from venvship.loading.targets import RuleTarget
from venvship.loading.workspace import BUILD_FILES
from venvship.memo.computation import Memo
from venvship.model.label import Label, PackageId
from venvship.rules.bzl_names import bzl_names, own_names
from venvship.rules.catalogue import loaded_rules, native_rules
from venvship.session.repositories import builtin_modules_root

ROOT = builtin_modules_root()
MODULES = sorted(path.name for path in ROOT.iterdir() if (path / "MODULE.bazel").is_file())
REMOVED = {f"aspect_rules_py/{package}/defs.bzl" for package in ("py/unstable", "uv/unstable", "py/private/py_venv")}
"""These say where their contents went."""
FILES = sorted({str(path.relative_to(ROOT)) for path in ROOT.rglob("*.bzl") if path.is_file()} - REMOVED)
PACKAGES = sorted({str(path.parent.relative_to(ROOT)) for name in BUILD_FILES for path in ROOT.rglob(name)})
# Those of other modules are no API, or have no targets in Bazel either.
LIBRARIES = [
    file
    for file in FILES
    if "/private/" not in file
    and not file.startswith(("bazel_tools/", "platforms/", "venvship/"))
    and "common/" not in file
]


@pytest.fixture(scope="module")
def loader() -> PackageLoader:
    mapping = {name: name for name in MODULES}
    return PackageLoader(
        repositories=KnownRepositories(
            [Repository(name, mapping, root=str(ROOT / name), is_builtin=True) for name in MODULES]
        ),
        files=DiskFiles(),
        memo=Memo(),
        rule_classes={**native_rules(), **loaded_rules()},
        native_rules=native_rules(),
        bzl_names={**bzl_names(print_handler=None, source_line=lambda file, line: None), **REPOSITORY_NAMES},
        own_names=own_names(),
    )


@pytest.mark.parametrize("file", FILES)
def test_a_file_loads(loader: PackageLoader, file: str) -> None:
    module, _, path = file.partition("/")
    directory = os.path.dirname(path)
    while not any((ROOT / module / directory / name).is_file() for name in BUILD_FILES):
        assert directory, f"{file} is in no package"
        directory = os.path.dirname(directory)
    loader.bzl.load(Label(PackageId(module, directory), str(Path(path).relative_to(directory or "."))))


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_loads(loader: PackageLoader, package: str) -> None:
    module, _, path = package.partition("/")
    loader.load(PackageId(module, path))


@pytest.mark.parametrize("file", LIBRARIES)
def test_a_public_file_has_a_target_for_bzl_libraries(loader: PackageLoader, file: str) -> None:
    module, _, path = file.removesuffix(".bzl").partition("/")
    directory, _, stem = path.rpartition("/")
    name = f"{stem}_bzl" if module == "rules_python" else stem
    target = loader.target(Label(PackageId(module, directory), name))
    assert isinstance(target, RuleTarget)
    assert target.attributes["srcs"] == (Label(PackageId(module, directory), f"{stem}.bzl"),)
