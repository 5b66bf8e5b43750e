from __future__ import annotations

import pytest

from venvship.model.platform import Platform, PythonVersion
from venvship.wheels.lock import DirectorySource, EditableSource, GitSource, Lock, MalformedLock, UrlSource
from venvship.wheels.markers import MarkerEnvironment
from venvship.wheels.pylock import parse_pylock
from venvship.wheels.resolution import Roots, UnknownRoot, UnsupportedTarget, resolve
from venvship.wheels.tags import supported_tags

SHA = "a" * 64
LINUX = Platform.parse("linux_x86_64")

PYLOCK = f"""
lock-version = "1.0"
created-by = "uv"
requires-python = ">=3.11"
extras = ["fast"]
dependency-groups = ["test"]

[[packages]]
name = "Attrs"
version = "24.1"
index = "https://packages.example/simple"
sdist = {{ url = "https://packages.example/attrs-24.1.tar.gz", hashes = {{ sha256 = "{SHA}" }} }}
[[packages.wheels]]
name = "attrs-24.1-py3-none-any.whl"
url = "https://packages.example/Attrs-24.1-py3-none-any.whl"
size = 5
hashes = {{ sha256 = "{SHA}" }}

[[packages]]
name = "colorama"
version = "1"
marker = "sys_platform == 'win32'"

[[packages]]
name = "pytest"
version = "8"
marker = "'test' in dependency_groups"
sdist = {{ path = "./files/pytest-8.tar.gz", hashes = {{ sha256 = "{SHA}" }} }}

[[packages]]
name = "orjson"
version = "3"
marker = "'fast' in extras"
archive = {{ url = "https://packages.example/orjson-3-py3-none-any.whl", hashes = {{ sha256 = "{SHA}" }} }}

[[packages]]
name = "tool"
vcs = {{ type = "git", url = "https://git.example/tool", commit-id = "{"b" * 40}", subdirectory = "py" }}

[[packages]]
name = "lib"
directory = {{ path = "libs/lib", editable = true }}

[[packages]]
name = "other"
directory = {{ path = "libs/other" }}
"""


def parsed(text: str = PYLOCK) -> Lock:
    return parse_pylock(text.encode(), filename="pylock.toml")


def names(roots: Roots, text: str = PYLOCK) -> list[str]:
    lock = parsed(text)
    environment = MarkerEnvironment.of(LINUX, "3.12.4")
    tags = supported_tags(LINUX, PythonVersion(3, 12))
    return list(resolve(lock, roots=roots, environment=environment, tags=tags).distributions)


def test_all_kinds_of_sources_are_read() -> None:
    lock = parsed()
    sources = {package.name: package.source for package in lock.packages}
    assert sources["tool"] == GitSource("https://git.example/tool", "b" * 40, "py")
    assert sources["lib"] == EditableSource("libs/lib")
    assert sources["other"] == DirectorySource("libs/other")
    assert sources["orjson"] == UrlSource("https://packages.example/orjson-3-py3-none-any.whl")
    [attrs] = [package for package in lock.packages if package.name == "attrs"]
    [wheel] = attrs.wheels
    assert (wheel.filename.text, wheel.size, wheel.sha256) == ("Attrs-24.1-py3-none-any.whl", 5, SHA)
    [pytest_package] = [package for package in lock.packages if package.name == "pytest"]
    assert pytest_package.sdist is not None and pytest_package.sdist.path == "files/pytest-8.tar.gz"
    assert lock.flat


def test_markers_groups_and_extras_decide_what_is_installed() -> None:
    assert names(Roots((), script=True)) == ["attrs", "lib", "other", "tool"]
    chosen = Roots((), script=True, script_groups=("test",), script_extras=("fast",))
    assert names(chosen) == ["attrs", "lib", "orjson", "other", "pytest", "tool"]
    with pytest.raises(UnknownRoot, match="no extra `slow`"):
        names(Roots((), script=True, script_extras=("slow",)))


def test_what_is_installed_must_be_for_the_version_of_python() -> None:
    roots = Roots((), script=True)
    too_new = PYLOCK.replace('name = "tool"', 'name = "tool"\nrequires-python = ">=3.13"')
    too_new = too_new.replace('name = "other"', 'name = "other"\nversion = "2"\nrequires-python = "<3.12.4"')
    with pytest.raises(UnsupportedTarget) as caught:
        names(roots, too_new)
    assert "packages of the lock file are not for Python 3.12.4:" in str(caught.value)
    assert "  `other 2` requires Python <3.12.4\n  `tool` requires Python >=3.13" in str(caught.value)
    # What its marker leaves out may be for others.
    left_out = PYLOCK.replace('name = "colorama"', 'name = "colorama"\nrequires-python = ">=3.13"')
    assert names(roots, left_out) == names(roots)
    assert names(roots, PYLOCK.replace('name = "tool"', 'name = "tool"\nrequires-python = ">=3.12"')) == names(roots)


@pytest.mark.parametrize(
    ("said", "message"),
    [
        ('requires-python = ">=3.13"', "requires Python >=3.13, the target is Python 3.12.4"),
        ("environments = [\"sys_platform == 'win32'\"]", "was not made for Python 3.12.4 on Linux x86_64"),
        ("environments = [\"sys_platform == 'win32'\", \"sys_platform == 'linux'\"]", ""),
    ],
)
def test_a_lock_may_be_for_some_environments_only(said: str, message: str) -> None:
    text = PYLOCK.replace('requires-python = ">=3.11"', said)
    if message:
        with pytest.raises(UnsupportedTarget, match=message):
            names(Roots((), script=True), text)
    else:
        assert "attrs" in names(Roots((), script=True), text)


def test_an_archive_has_the_name_that_its_table_says_where_its_address_has_none() -> None:
    sdist = f'{{ url = "https://x/download/7", name = "N", hashes = {{ sha256 = "{SHA}" }} }}'
    text = f'lock-version = "1.0"\n[[packages]]\nname = "a"\nsdist = {sdist}'
    [package] = parsed(text.replace("N", "a-1.tar.gz")).packages
    assert package.sdist is not None and package.sdist.filename == "a-1.tar.gz"
    with pytest.raises(MalformedLock, match="no usable file name"):
        parsed(text.replace("N", "../a-1.tar.gz"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "`lock-version` of the file is missing"),
        ('lock-version = "2.0"', "only version 1 is known"),
        ('lock-version = "1.0"\npackages = 3', "is not a list"),
        ('lock-version = "1.0"\n[[packages]]\nversion = "1"', "`name` of"),
        ('lock-version = "1.0"\n[[packages]]\nname = "a"\nvcs = { type = "hg", commit-id = "1" }', "is not `git`"),
        (
            'lock-version = "1.0"\n[[packages]]\nname = "a"\n'
            'vcs = { type = "git", url = "https://x", commit-id = "main" }',
            "is not a commit",
        ),
        ('lock-version = "1.0"\n[[packages]]\nname = "a"\nwheels = [{ size = 3 }]', "neither `url` nor `path`"),
        ('lock-version = "1.0"\n[[packages]]\nname = "a"\nwheels = [{ url = "https://x/a.whl" }]', "is wrong"),
        ('lock-version = "1.0"\n[[packages]]\nname = "a"\nmarker = "os =="', "marker"),
        (
            'lock-version = "1.0"\n[[packages]]\nname = "a"\n'
            'sdist = { url = "https://x/a.tar.gz", hashes = { sha256 = "zz" } }',
            "not a SHA-256",
        ),
        ('lock-version = "1.0"\n[[packages]]\nname = "a"\ndirectory = {}\narchive = {}', "names several sources"),
        (
            'lock-version = "1.0"\n[[packages]]\nname = "a"\ndirectory = { path = "a" }\n'
            'wheels = [{ url = "https://x/a-1-py3-none-any.whl" }]',
            "has files of an index beside its source: directory, wheels",
        ),
        ('lock-version = "1.0"\n[[packages]]\nname = "a"\nrequires-python = "x"', "is not a version specifier"),
        ('lock-version = "1.0"\n[[packages]]\nname = "a"\ndependencies = [{ name = "b" }]', "names no package"),
    ],
)
def test_a_malformed_file_is_refused(text: str, message: str) -> None:
    with pytest.raises(MalformedLock, match="malformed lock file") as caught:
        parsed(text)
    assert message in str(caught.value)
