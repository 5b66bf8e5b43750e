from __future__ import annotations

from venvship.model.platform import PythonVersion
from venvship.session.extensions import Extensions
from venvship.session.version_repositories import version_repositories

VERSIONS = (PythonVersion(3, 11), PythonVersion(3, 12))


def made(*names: str) -> dict[str, str]:
    extensions = Extensions(
        python_versions=VERSIONS,
        exact_versions=("3.12.4",),
        default_python=VERSIONS[1],
        repositories=frozenset(names),
    )
    return {
        name: "".join(
            (repository.source(path) or b"").decode() for path in ("defs.bzl", "3.11/defs.bzl", "versions.bzl")
        )
        for name, repository in version_repositories(extensions).items()
    }


def test_versions_that_are_named_have_repositories_if_somebody_imports_them() -> None:
    names = ["python_3_11", "python_3_12_host", "python_3_12_4", "python_3_12_x86_64-unknown-linux-gnu"]
    assert sorted(made(*names, "python_3_13", "python_3", "python_3_12_tools")) == sorted(names)


def test_macros_have_the_version_of_their_repository() -> None:
    found = made("python_3_12", "python_versions")
    assert '"python_version": "3.12"' in found["python_3_12"] and "3.11" not in found["python_3_12"]
    assert '"python_version": "3.11"' in found["python_versions"] and "3.12" not in found["python_versions"]


def test_versions_can_be_asked_for_as_values() -> None:
    [text] = made("pythons_hub").values()
    assert text.splitlines()[2:] == [
        'DEFAULT_PYTHON_VERSION = "3.12"',
        'MINOR_MAPPING = {"3.11": "3.11", "3.12": "3.12.4"}',
        'PYTHON_VERSIONS = ["3.11", "3.12.4"]',
    ]
