from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.wheels.lock import (
    ConflictItem,
    DirectorySource,
    Edge,
    EditableSource,
    GitSource,
    LockedPackage,
    MalformedLock,
    PathSource,
    RegistrySource,
    Source,
    UrlSource,
    VirtualSource,
)
from venvship.wheels.uv_lock import compact_uv_lock, parse_compact_uv_lock, parse_uv_lock

SHA = "0" * 64
COMMIT = "a" * 40


def only_package(body: str) -> LockedPackage:
    [package] = parse_uv_lock(f"version = 1\n[[package]]\n{body}".encode(), filename="uv.lock").packages
    return package


def refusal(text: str | bytes) -> str:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(MalformedLock) as caught:
        parse_uv_lock(data, filename="app/uv.lock")
    assert caught.value.place is not None
    assert caught.value.place.path == "app/uv.lock"
    return str(caught.value)


@pytest.mark.parametrize("revision", ["", "revision = 1", "revision = 99\nnew-key = { a = [1] }"])
def test_any_revision_of_version_1_is_read(revision: str) -> None:
    assert parse_uv_lock(f"version = 1\n{revision}".encode(), filename="uv.lock").packages == ()


@pytest.mark.parametrize("version", ["version = 2", "version = '1'", "version = true", ""])
def test_other_versions_are_refused(version: str) -> None:
    told = refusal(version)
    assert "only version 1 is known" in told and "a release that writes version 1" in told


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ('registry = "https://packages.example/simple"', RegistrySource("https://packages.example/simple")),
        ('registry = "../links"', RegistrySource("../links")),
        (
            f'git = "https://git.example/a?subdirectory=x%20y&rev=main#{COMMIT}"',
            GitSource("https://git.example/a", COMMIT, "x y"),
        ),
        (
            f'git = "https://git.example/a?path=dist%2Fa-1.tar.gz&tag=v1&lfs=true#{COMMIT}"',
            GitSource("https://git.example/a", COMMIT, path="dist/a-1.tar.gz", large_files=True),
        ),
        ('url = "https://x.example/a.zip", subdirectory = "s"', UrlSource("https://x.example/a.zip", "s")),
        ('path = "../a-1.tar.gz"', PathSource("../a-1.tar.gz")),
        ('directory = "../a"', DirectorySource("../a")),
        ('editable = "libs/a"', EditableSource("libs/a")),
        ('virtual = "."', VirtualSource(".")),
    ],
)
def test_all_sources_are_read(text: str, source: Source) -> None:
    assert only_package(f'name = "a"\nsource = {{ {text} }}').source == source


def test_a_wheel_has_file_name_address_hash_and_size() -> None:
    [wheel] = only_package(
        f"""name = "A_B"
        version = "1.0+cpu"
        source = {{ registry = "https://packages.example/simple" }}
        wheels = [
          {{ url = "https://files.example/x/a_b-1.0%2Bcpu-py3-none-any.whl?x=1#y", hash = "sha256:{SHA}", size = 5 }},
        ]"""
    ).wheels
    assert wheel.filename.text == "a_b-1.0+cpu-py3-none-any.whl"
    assert (wheel.filename.version, wheel.sha256, wheel.size, wheel.path) == ("1.0+cpu", SHA, 5, None)


def test_hash_and_size_may_be_missing_and_paths_are_relative_to_a_directory_index() -> None:
    [wheel] = only_package(
        """name = "a"
        source = { registry = "links" }
        wheels = [{ path = "a-1-py3-none-any.whl" }]"""
    ).wheels
    assert (wheel.url, wheel.path, wheel.sha256, wheel.size) == (None, "links/a-1-py3-none-any.whl", None, None)


def test_files_of_direct_sources_are_where_the_source_says() -> None:
    by_path = only_package(
        f'name = "a"\nsource = {{ path = "w/a-1-py3-none-any.whl" }}\n'
        f'wheels = [{{ filename = "a-1-py3-none-any.whl", hash = "sha256:{SHA}" }}]'
    )
    by_url = only_package(
        f'name = "a"\nsource = {{ url = "https://x.example/a-1.tar.gz" }}\nsdist = {{ hash = "sha256:{SHA}" }}'
    )
    committed = only_package(
        f'name = "a"\nsource = {{ git = "https://x.example/a?path=w%2Fa-1.tar.gz#{COMMIT}" }}\n'
        f'sdist = {{ hash = "sha256:{SHA}" }}'
    )
    assert committed.sdist is not None
    assert (committed.sdist.url, committed.sdist.path) == (None, "w/a-1.tar.gz")
    assert by_path.wheels[0].path == "w/a-1-py3-none-any.whl"
    assert by_url.sdist is not None
    assert (by_url.sdist.url, by_url.sdist.filename) == ("https://x.example/a-1.tar.gz", "a-1.tar.gz")


def test_a_hash_of_another_kind_is_no_sha256() -> None:
    package = only_package(
        'name = "a"\nsource = { registry = "https://x.example" }\n'
        'wheels = [{ url = "https://x.example/a-1-py3-none-any.whl", hash = "md5:abc" }]'
    )
    assert package.wheels[0].sha256 is None


def test_repeated_records_of_one_package_are_merged() -> None:
    record = """[[package]]
    name = "a"
    version = "1"
    source = { registry = "https://x.example" }
    wheels = [{ url = "https://x.example/a-1-cp%d-none-any.whl" }]
    """
    source = f"""sdist = {{ url = "https://x.example/a-1.tar.gz", hash = "sha256:{"a" * 64}" }}\n"""
    repeated = record % 311 + record % 312 + source + record % 311
    [package] = parse_uv_lock(f"version = 1\n{repeated}".encode(), filename="uv.lock").packages
    assert [wheel.filename.pythons for wheel in package.wheels] == [("cp311",), ("cp312",)]
    assert package.sdist is not None and package.sdist.filename == "a-1.tar.gz"


def test_the_root_of_a_single_project_is_its_only_member() -> None:
    lock = parse_uv_lock(
        b"""version = 1
        [[package]]
        name = "app"
        source = { virtual = "." }
        [[package]]
        name = "lib"
        source = { editable = "lib" }
        """,
        filename="uv.lock",
    )
    assert lock.members == ("app",)


def test_manifest_conflicts_and_supported_markers_are_read() -> None:
    lock = parse_uv_lock(
        b"""version = 1
        requires-python = ">=3.11"
        supported-markers = ["sys_platform == 'linux'"]
        conflicts = [[{ package = "App", extra = "CPU" }, { package = "app", group = "dev" }, { package = "app" }]]
        [manifest]
        members = ["App", "lib"]
        requirements = [{ name = "rich", specifier = ">=1", extras = ["x"] }]
        build-constraints = [{ name = "setuptools", specifier = "==80" }]
        [manifest.dependency-groups]
        dev = [{ name = "pytest", marker = "os_name == 'posix'" }]
        """,
        filename="uv.lock",
    )
    assert lock.members == ("app", "lib")
    assert [str(item) for item in lock.conflicts[0]] == [
        "extra `cpu` of `app`",
        "group `dev` of `app`",
        "project `app`",
    ]
    assert [item.marker_item for item in lock.conflicts[0]] == ["extra-3-app-cpu", "group-3-app-dev", "project-3-app"]
    assert lock.requirements == (Edge("rich", extras=("x",)),)
    assert lock.groups["dev"][0].name == "pytest"
    assert lock.build_constraints[0].specifier == "==80"
    assert len(lock.supported_markers) == 1
    assert ConflictItem("app", extra="cpu") in lock.conflicts[0]


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"\xff", "is not UTF-8"),
        ("version = 1\nx = = 2", "app/uv.lock:2:5: malformed lock file"),
        ("version = 1\nx = " + "[" * 100_000, "not readable as TOML"),
        ("version = 1\nx = " + "9" * 10_000, "not readable as TOML"),
        ("version = 1\nx" + ".x" * 20_000 + " = 1", "not readable as TOML"),
        ("version = 1\n[x" + ".x" * 20_000 + "]", "not readable as TOML"),
        ("version = 1\npackage = 3", "`package` of the file is not a list"),
        ("version = 1\npackage = [3]", "is not a table"),
        ("version = 1\n[[package]]", "`name` of `package[0]` of the file is missing"),
        ('version = 1\n[[package]]\nname = "../a"', "is not the name of a project"),
        ('version = 1\n[[package]]\nname = "a"', "package `a` has no `source`"),
        ('version = 1\n[[package]]\nname = "a"\nsource = {}', "names no known source"),
        ('version = 1\n[[package]]\nname = "a"\nsource = {url = "x", path = "y"}', "names several sources: url, path"),
        ('version = 1\n[[package]]\nname = "a"\nsource = {git = "https://x"}', "does not end in `#` and a commit"),
        (
            f'version = 1\n[[package]]\nname = "a"\nsource = {{git = "https://x?path=..%2Fa.whl#{COMMIT}"}}',
            "leads out of the repository",
        ),
        ("version = 1\nconflicts = [3]", "is not a list"),
        ("version = 1\nsupported-markers = ['x']", "malformed marker `x`"),
        ("version = 1\n[manifest]\nmembers = [1]", "is not a list of strings"),
    ],
)
def test_nonsense_is_refused_with_place_and_reason(text: str | bytes, reason: str) -> None:
    assert reason in refusal(text)


PACKAGE = 'version = 1\n[[package]]\nname = "a"\nsource = { registry = "https://x.example" }\n'


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('version = "1/2"', "`version` of package `a` is not a version"),
        ("wheels = [{ hash = 'sha256:0' }]", "says neither `url` nor `path`"),
        ("wheels = [{ url = 'https://x/nothing' }]", "is not the name of a wheel"),
        ("wheels = [{ url = 'https://x/..%2Fa-1-py3-none-any.whl' }]", "is not the name of a wheel"),
        ("wheels = [{ url = 'https://x/a-1-py3-none-any.whl', hash = 'sha256:xyz' }]", "is not a SHA-256"),
        ("wheels = [{ url = 'https://x/a-1-py3-none-any.whl', hash = 'abc' }]", "`algorithm:digits`"),
        ("wheels = [{ url = 'https://x/a-1-py3-none-any.whl', size = -1 }]", "is not a file size"),
        ("wheels = [{ url = 'https://x/a-1-py3-none-any.whl', size = true }]", "is not a file size"),
        ("sdist = { url = 'https://x/..' }", "has no usable file name"),
        ("dependencies = [{ name = 'b' }]", "a dependency on `b` names no package of the file"),
        ("dependencies = [{ name = 'a', marker = 'b' }]", "malformed marker"),
        ("optional-dependencies = [1]", "is not a table"),
    ],
)
def test_nonsense_in_a_package_is_refused(text: str, reason: str) -> None:
    assert reason in refusal(PACKAGE + text)


def test_an_ambiguous_dependency_is_refused() -> None:
    text = "version = 1\n" + "".join(
        f'[[package]]\nname = "b"\nversion = "{n}"\nsource = {{ registry = "https://x.example" }}\n' for n in (1, 2)
    )
    text += '[[package]]\nname = "a"\nsource = { virtual = "." }\ndependencies = [{ name = "b" }]'
    assert "`b` names 2 packages" in refusal(text)


VALUES: st.SearchStrategy[str] = st.recursive(
    st.sampled_from(["1", "true", "'x'", "'a'", "1979-05-27", "{}", "[]"]),
    lambda inner: (
        st.builds("[{}, {}]".format, inner, inner) | st.builds("{{ name = {}, url = {} }}".format, inner, inner)
    ),
    max_leaves=6,
)


@given(
    st.dictionaries(
        st.sampled_from(
            [
                "name",
                "version",
                "source",
                "dependencies",
                "wheels",
                "sdist",
                "dev-dependencies",
                "optional-dependencies",
            ]
        ),
        VALUES,
        max_size=5,
    )
)
def test_any_table_is_a_package_or_refused(fields: dict[str, str]) -> None:
    text = "version = 1\n[[package]]\n" + "\n".join(f"{key} = {value}" for key, value in fields.items())
    try:
        parse_uv_lock(text.encode(), filename="uv.lock")
    except MalformedLock:
        return


def test_the_compact_form_of_a_lock_says_the_same() -> None:
    text = f"""{PACKAGE}
    sdist = {{ url = "https://x.example/a-1.tar.gz", upload-time = 2026-01-01T00:00:00Z }}
    wheels = [{{ url = "https://x.example/a-1-py3-none-any.whl", hash = "sha256:{SHA}", size = 5 }}]
    """
    compact = compact_uv_lock(text.encode(), filename="uv.lock")
    assert parse_compact_uv_lock(compact, filename="uv.lock") == parse_uv_lock(text.encode(), filename="uv.lock")


@pytest.mark.parametrize("data", [b"", b"[]", b"{}", b"\xff", b"[" * 100_000])
def test_a_damaged_compact_form_is_refused(data: bytes) -> None:
    with pytest.raises(MalformedLock):
        parse_compact_uv_lock(data, filename="uv.lock")
