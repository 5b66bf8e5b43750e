from __future__ import annotations

import tomllib

import pytest

from venvship.wheels.freshness import differences, version_difference
from venvship.wheels.uv_lock import parse_uv_lock

PYPROJECT = """
[project]
name = "shop"
dependencies = ["Attrs>=24,<25", "lib", "httpx[http2]; sys_platform == 'linux'"]
[project.optional-dependencies]
fast = ["orjson>=3"]
all = ["shop[fast]"]
[dependency-groups]
test = ["pytest>=8", { include-group = "more" }]
more = ["typing-extensions"]
"""
LOCK = """
version = 1
[[package]]
name = "shop"
source = { virtual = "." }
[package.metadata]
requires-dist = [
    { name = "attrs", specifier = "<25,>=24" },
    { name = "httpx", extras = ["http2"], marker = "sys_platform == 'linux'" },
    { name = "lib", editable = "libs/lib" },
    { name = "orjson", marker = "extra == 'fast'", specifier = ">=3" },
    { name = "shop", extras = ["fast"], marker = "extra == 'all'" },
]
[package.metadata.requires-dev]
more = [{ name = "typing-extensions" }]
test = [{ name = "pytest", specifier = ">=8" }, { name = "typing-extensions" }]
"""


def found(pyproject: str, lock: str = LOCK) -> tuple[str, ...]:
    read = parse_uv_lock(lock.encode(), filename="uv.lock")
    [package] = read.packages
    return differences(tomllib.loads(pyproject), package, read)


def test_an_unchanged_project_differs_in_nothing() -> None:
    assert found(PYPROJECT) == ()


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ('"lib"', '"lib", "six"', "`six` is asked for and not locked"),
        ('"lib", ', "", "`lib` is locked and not asked for any more"),
        (">=24,<25", ">=24,<26", "`attrs` is asked for as <26,>=24 and locked as <25,>=24"),
        ("orjson>=3", "orjson", "`orjson` is asked for as any version and locked as >=3"),
        ('"pytest>=8"', '"pytest>=8", "tox"', "`tox` is asked for in group `test` and not locked"),
        ('more = ["typing', 'lint = ["ruff"]\nmore = ["typing', "group `lint` is new"),
        ('"pytest>=8"', '"pytest[x]>=8"', "`pytest` is asked for in group `test` with x and locked with no extra"),
        (
            '"pytest>=8"',
            "\"pytest>=8; os_name == 'nt'\"",
            "`pytest` is asked for in group `test` with another marker than it is locked with",
        ),
        ("httpx[http2]", "httpx", "`httpx` is asked for with no extra and locked with http2"),
        ("httpx[http2]", "httpx[HTTP2, cli]", "`httpx` is asked for with cli, http2 and locked with http2"),
        ('name = "shop"', 'name = "store"', "the project is called `store` and was `shop` when the lock was made"),
    ],
)
def test_every_change_is_told(old: str, new: str, reason: str) -> None:
    assert found(PYPROJECT.replace(old, new)) == (reason,)


@pytest.mark.parametrize("spelled", ["Attrs>=24.0,<25.0.0", "attrs <25, >=24"])
def test_zeros_at_the_end_of_a_version_make_no_difference(spelled: str) -> None:
    assert found(PYPROJECT.replace("Attrs>=24,<25", spelled)) == ()


GROUPED = """
[project]
name = "shop"
[dependency-groups]
test = ["pytest", { include-group = "more" }]
more = ["six"]
"""
GROUPED_LOCK = """
version = 1
requires-python = ">=3.11"
[[package]]
name = "shop"
source = { virtual = "." }
[package.metadata.requires-dev]
more = [{ name = "six", marker = "python_full_version >= '3.13'" }]
test = [
    { name = "pytest", marker = "python_full_version >= '3.12'" },
    { name = "six", marker = "python_full_version >= '3.13'" },
]
"""


@pytest.mark.parametrize(
    ("test", "more", "reasons"),
    [
        (">=3.12", ">=3.13", ()),
        (">=3.12,>=3.10", ">=3.13", ()),
        (
            ">=3.14",
            ">=3.13",
            (
                "`pytest` is asked for in group `test` with another marker than it is locked with",
                "`six` is asked for in group `test` with another marker than it is locked with",
            ),
        ),
        (">=3.13", ">=3.13", ("`pytest` is asked for in group `test` with another marker than it is locked with",)),
        (
            ">=3.12",
            ">=3.12",
            (
                "`six` is asked for in group `more` with another marker than it is locked with",
                "`six` is asked for in group `test` with another marker than it is locked with",
            ),
        ),
    ],
)
def test_groups_may_be_for_some_versions_of_python_only(test: str, more: str, reasons: tuple[str, ...]) -> None:
    pythons = f'test = {{ requires-python = "{test}" }}\nmore = {{ requires-python = "{more}" }}\n'
    assert found(f"{GROUPED}[tool.uv.dependency-groups]\n{pythons}", GROUPED_LOCK) == reasons


def test_nothing_is_known_of_dynamic_projects_and_of_locks_without_metadata() -> None:
    dynamic = '[project]\nname = "shop"\ndynamic = ["dependencies"]\n'
    assert found(dynamic, LOCK.partition("[package.metadata.requires-dev]")[0]) == ()
    assert found('[project]\nname = "shop"\n', LOCK.partition("[package.metadata]")[0]) == ()


MARKED = """
[project]
name = "shop"
dependencies = ["a; python_version < '3.12'", "b", "c; sys_platform != 'win32'", "d; python_version >= '3.9'"]
[project.optional-dependencies]
Fast_Path = ["a", "e; platform_machine == 'x86_64'"]
"""
MARKED_LOCK = """
version = 1
requires-python = ">=3.11"
[[package]]
name = "shop"
source = { virtual = "." }
[package.metadata]
requires-dist = [
    { name = "a", marker = "python_full_version < '3.12'" },
    { name = "a", marker = "extra == 'fast-path'" },
    { name = "b" },
    { name = "c", marker = "sys_platform != 'win32'" },
    { name = "d" },
    { name = "e", marker = "platform_machine == 'x86_64' and extra == 'fast-path'" },
]
"""


@pytest.mark.parametrize(
    ("old", "new", "name"),
    [
        ("'3.12'", "'3.13'", "a"),
        ("\"a; python_version < '3.12'\"", '"a"', "a"),
        ('"b"', "\"b; sys_platform == 'linux'\"", "b"),
        ("!= 'win32'", "== 'linux'", "c"),
        ("'3.9'", "'3.12'", "d"),
        ("; platform_machine == 'x86_64'", "", "e"),
        ("'3.12'", "'3.12.0'", None),
        ("!= 'win32'", "not in 'win32'", None),
        ("!= 'win32'", "not in 'win32, cygwin'", "c"),
        ("!= 'win32'", "not in 'win32, freebsd'", "c"),
        ("platform_machine == 'x86_64'", "platform_machine in 'x86_64'", None),
        ("platform_machine == 'x86_64'", "platform_machine != 's390x'", "e"),
        ("'3.12'", "'3.12.4'", "a"),
        ('"b"', "\"b; python_full_version != '3.12.4'\"", "b"),
        ('"b"', "\"b; platform_machine != 's390x'\"", "b"),
        ('"b"', "\"b; platform_release != '1'\"", "b"),
        ('"b"', "\"b; sys_platform != 'plan9'\"", "b"),
        ('"b"', "\"b; implementation_name != 'jython'\"", "b"),
        ('"b"', "\"b; implementation_name in 'cpython pypy'\"", "b"),
        ('"b"', "\"b; python_version >= '3.5'\"", None),
    ],
)
def test_markers_are_compared_by_what_they_mean(old: str, new: str, name: str | None) -> None:
    assert found(MARKED, MARKED_LOCK) == ()
    reasons = () if name is None else (f"`{name}` is asked for with another marker than it is locked with",)
    assert old in MARKED and found(MARKED.replace(old, new), MARKED_LOCK) == reasons


SOURCED = """
[project]
name = "shop"
dependencies = ["a", "b", "lib", "c @ git+https://git.example/c", "d"]
[tool.uv.sources]
A = { git = "https://git.example/a", tag = "v1", subdirectory = "x" }
b = { path = "../b" }
d = [{ git = "https://git.example/d", marker = "os_name == 'nt'" }]
"""
SOURCED_LOCK = """
version = 1
requires-python = ">=3.11"
[[package]]
name = "shop"
source = { virtual = "." }
[package.metadata]
requires-dist = [
    { name = "a", git = "https://git.example/a?subdirectory=x&tag=v1" },
    { name = "b", directory = "../b" },
    { name = "c", git = "https://git.example/c" },
    { name = "d", git = "https://git.example/d", marker = "sys_platform == 'win32'" },
    { name = "d", marker = "sys_platform != 'win32'" },
    { name = "lib", editable = "lib" },
]
"""


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        ("", "", ()),
        ('tag = "v1"', 'branch = "main"', ("`a` is asked for at branch main and locked at tag v1",)),
        (', tag = "v1"', "", ("`a` is asked for at the default branch and locked at tag v1",)),
        (
            'git = "https://git.example/a", tag = "v1"',
            'path = "a"',
            ("`a` is asked for from path and locked from git",),
        ),
        ('{ path = "../b" }', "{ workspace = true }", ()),
        ('{ path = "../b" }', '{ index = "one" }', ("`b` is asked for from an index and locked from directory",)),
        (
            "[tool.uv.sources]",
            "[tool.other]",
            (
                "`a` is asked for from an index and locked from git",
                "`b` is asked for from an index and locked from directory",
                "`d` is asked for from an index and locked from git",
            ),
        ),
    ],
)
def test_sources_are_those_of_the_lock(old: str, new: str, reasons: tuple[str, ...]) -> None:
    assert found(SOURCED.replace(old, new), SOURCED_LOCK) == reasons


PLACED = """
[project]
name = "shop"
dependencies = ["a", "b", "c", "d>=1", "e @ https://files.example/e-1.0.tar.gz#sha256=00", "f"]
[project.optional-dependencies]
x = ["a>=2"]
[tool.uv.sources]
a = [
    { index = "one", marker = "sys_platform == 'linux'" },
    { index = "two", marker = "sys_platform == 'darwin'" },
]
b = { path = "../b/", editable = true }
c = { url = "https://user:secret@files.example/c-1.0.zip" }
d = { path = "wheels/d-1.0-py3-none-any.whl" }
f = { git = "https://git.example/f", rev = "main", subdirectory = "x" }
[[tool.uv.index]]
name = "one"
url = "https://one.example/simple"
[[tool.uv.index]]
name = "two"
url = "https://two.example/simple/"
"""
PLACED_LOCK = """
version = 1
requires-python = ">=3.11"
[[package]]
name = "shop"
source = { virtual = "." }
[package.metadata]
requires-dist = [
    { name = "a", marker = "sys_platform == 'linux'", index = "https://one.example/simple" },
    { name = "a", marker = "sys_platform == 'darwin'", index = "https://two.example/simple" },
    { name = "a", marker = "sys_platform != 'darwin' and sys_platform != 'linux'" },
    { name = "a", marker = "sys_platform == 'linux' and extra == 'x'", index = "ONE", specifier = ">=2" },
    { name = "a", marker = "sys_platform == 'darwin' and extra == 'x'", index = "TWO", specifier = ">=2" },
    { name = "a", marker = "sys_platform != 'darwin' and sys_platform != 'linux' and extra == 'x'", specifier = ">=2" },
    { name = "b", editable = "../b" },
    { name = "c", url = "https://files.example/c-1.0.zip" },
    { name = "d", path = "wheels/d-1.0-py3-none-any.whl" },
    { name = "e", url = "https://files.example/e-1.0.tar.gz" },
    { name = "f", git = "https://git.example/f?subdirectory=x&rev=main" },
]
""".replace("ONE", "https://one.example/simple").replace("TWO", "https://two.example/simple")


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("", "", None),
        ("../b/", "./../x/../b", None),
        ("files.example/e-1.0", "Files.Example/e-1.0", None),
        ('"https://one.example/simple"', '"https://one.example/simple/"', None),
        (
            "https://one.example",
            "https://new.example",
            "`a` is asked for from https://new.example/simple and locked from https://one.example/simple",
        ),
        (
            'index = "two", marker',
            'index = "one", marker',
            "`a` is asked for from https://one.example/simple and locked from https://two.example/simple",
        ),
        (
            "== 'darwin'\" }",
            "== 'darwin'\", extra = 'x' }",
            "`a` is asked for with another marker than it is locked with",
        ),
        # It may be the settings of whoever made the lock that know the index.
        ('name = "two"', 'name = "three"', None),
        ("== 'darwin'", "== 'ios'", "`a` is asked for with another marker than it is locked with"),
        (", editable = true", "", "`b` is asked for from path and locked from editable"),
        ("../b/", "../c", "`b` is asked for from ../c and locked from ../b"),
        (
            "c-1.0.zip",
            "c-1.1.zip",
            "`c` is asked for from https://files.example/c-1.1.zip and locked from https://files.example/c-1.0.zip",
        ),
        (
            "wheels/d",
            "more/d",
            "`d` is asked for from more/d-1.0-py3-none-any.whl and locked from wheels/d-1.0-py3-none-any.whl",
        ),
        (
            "e-1.0.tar.gz",
            "e-1.1.tar.gz",
            "`e` is asked for from https://files.example/e-1.1.tar.gz and locked from https://files.example/e-1.0.tar.gz",
        ),
        (
            'subdirectory = "x"',
            'subdirectory = "y"',
            "`f` is asked for from https://git.example/f?rev=main&subdirectory=y "
            "and locked from https://git.example/f?rev=main&subdirectory=x",
        ),
        (
            "git.example/f",
            "git.example/g",
            "`f` is asked for from https://git.example/g?rev=main&subdirectory=x "
            "and locked from https://git.example/f?rev=main&subdirectory=x",
        ),
    ],
)
def test_distributions_are_from_where_they_were_when_the_lock_was_made(old: str, new: str, reason: str | None) -> None:
    assert old in PLACED and found(PLACED.replace(old, new), PLACED_LOCK) == (() if reason is None else (reason,))


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        ("", "", ()),
        ("empty = []", "Empty = []\nmore = []", ("extra `more` is new",)),
        ("empty = []\n", "", ("extra `empty` is locked and not there any more",)),
        ("void = []", "void = []\nnothing = []", ("group `nothing` is new",)),
        ("void = []", "", ("group `void` is locked and not there any more",)),
    ],
)
def test_extras_and_groups_may_be_empty(old: str, new: str, reasons: tuple[str, ...]) -> None:
    document = """
[project]
name = "shop"
[project.optional-dependencies]
empty = []
[dependency-groups]
void = []
"""
    lock = """
[[package]]
name = "shop"
source = { virtual = "." }
[package.metadata]
provides-extras = ["empty"]
[package.metadata.requires-dev]
void = []
"""
    assert found(document.replace(old, new), f"version = 1\nrevision = 1\n{lock}") == reasons
    # Older locks say nothing of them, or not always.
    assert found(document.replace(old, new), f"version = 1\n{lock.replace('void = []', '')}") == ()
    assert found(document.replace(old, new), f"version = 1\n{lock}") == ()


NEEDING = '[project]\nname = "shop"\ndependencies = ["six"]\n'
NOT_TOLD = 'version = 1\n[[package]]\nname = "shop"\nsource = { virtual = "." }\n'
MORE = '[[package]]\nname = "lib"\nsource = { directory = "lib" }\ndependencies = [{ name = "shop" }]\n'


@pytest.mark.parametrize(
    ("lock", "reasons"),
    [
        (NOT_TOLD, ("`six` is asked for and not locked",)),
        (
            f'{NOT_TOLD}{MORE}[package.metadata]\nrequires-dist = [{{ name = "shop" }}]\n',
            ("`six` is asked for and not locked",),
        ),
        # This lock leaves out what projects ask for.
        (NOT_TOLD + MORE, ()),
    ],
)
def test_a_lock_leaves_out_what_asks_for_nothing(lock: str, reasons: tuple[str, ...]) -> None:
    read = parse_uv_lock(lock.encode(), filename="uv.lock")
    [package] = [package for package in read.packages if package.name == "shop"]
    assert differences(tomllib.loads(NEEDING), package, read) == reasons


@pytest.mark.parametrize(
    ("project", "reasons"),
    [
        ('dynamic = ["version"]', ()),
        (
            'version = "1"',
            ("`shop` is asked for and not locked", "`b` is asked for with another marker than it is locked with"),
        ),
    ],
)
def test_build_backends_may_spell_out_extras(project: str, reasons: tuple[str, ...]) -> None:
    extras = '[project.optional-dependencies]\nx = ["b"]\ny = ["shop[x]"]\nz = ["Shop[y]"]\n'
    document = f'[project]\nname = "shop"\n{project}\n{extras}'
    lock = """
version = 1
requires-python = ">=3.11"
[[package]]
name = "shop"
VERSION
source = { virtual = "." }
[package.metadata]
requires-dist = [
    { name = "b", marker = "extra == 'x'" },
    { name = "b", marker = "extra == 'y'" },
    { name = "b", marker = "extra == 'z'" },
]
"""
    assert found(document, lock.replace("VERSION", "" if "dynamic" in project else project)) == reasons


def test_environments_that_the_lock_is_not_for_make_no_difference() -> None:
    document = MARKED.replace('"b"', "\"b; sys_platform != 'win32'\"")
    supported = MARKED_LOCK.replace("[[package]]", "supported-markers = [\"sys_platform == 'linux'\"]\n[[package]]")
    assert found(document, supported) == ()
    assert found(document.replace("!= 'win32'", "== 'darwin'"), supported) != ()


PLACES = """
[project]
name = "shop"
dependencies = ["a", "b"]
[project.optional-dependencies]
x = ["a @ https://files.example/a-1.zip"]
[tool.uv.sources]
b = { path = "b", package = false }
"""
PLACES_LOCK = (
    NOT_TOLD
    + """[package.metadata]
requires-dist = [
    { name = "a" },
    { name = "a", marker = "extra == 'x'", url = "https://files.example/a-1.zip" },
    { name = "b", virtual = "b" },
]
"""
)


def test_each_of_several_places_counts() -> None:
    at_once = "`a` is asked for from {} and locked from {}"
    assert found(PLACES, PLACES_LOCK) == ()
    lock = PLACES_LOCK.replace(', url = "https://files.example/a-1.zip"', "")
    assert found(PLACES, lock) == (at_once.format("url", "an index"),)
    document = PLACES.replace(" @ https://files.example/a-1.zip", "")
    assert found(document, PLACES_LOCK) == (at_once.format("an index", "url"),)
    lock = PLACES_LOCK.replace('virtual = "b"', 'directory = "b"')
    assert found(PLACES, lock) == ("`b` is asked for from virtual and locked from directory",)


def test_sources_of_the_root_are_not_those_of_other_projects() -> None:
    root = tomllib.loads('[tool.uv.sources]\nsix = { git = "https://git.example/six" }\n')
    text = """
version = 1
[manifest]
members = ["shop"]
[[package]]
name = "near"
source = { directory = "near" }
[package.metadata]
requires-dist = [{ name = "six" }]
"""
    read = parse_uv_lock(text.encode(), filename="uv.lock")
    document = tomllib.loads('[project]\nname = "near"\ndependencies = ["six"]\n')
    assert differences(document, read.packages[0], read, root=root) == ()
    member = parse_uv_lock(text.replace('"shop"', '"near"').encode(), filename="uv.lock")
    reasons = ("`six` is asked for from git and locked from an index",)
    assert differences(document, member.packages[0], member, root=root) == reasons


def test_requirements_that_come_to_the_same_are_the_same() -> None:
    document = '[project]\nname = "shop"\ndependencies = ["a>=1,<2", "a>=1; sys_platform == \'linux\'"]\n'
    lock = NOT_TOLD + '[package.metadata]\nrequires-dist = [{ name = "a", specifier = ">=1,<2" }]\n'
    assert found(document, lock) == ()
    assert found(document.replace('"a>=1;', '"a>=1.1;'), lock) == (
        "`a` is asked for as <2,>=1, >=1.1 and locked as <2,>=1",
    )


def test_sources_of_the_root_hold_for_members() -> None:
    read = parse_uv_lock(SOURCED_LOCK.encode(), filename="uv.lock")
    own, root = SOURCED.split("[tool.uv.sources]")
    root = "[tool.uv.sources]" + root
    assert differences(tomllib.loads(own), read.packages[0], read, root=tomllib.loads(root)) == ()
    reasons = differences(tomllib.loads(own), read.packages[0], read, root=tomllib.loads(root.replace("v1", "v2")))
    assert reasons == ("`a` is asked for at tag v2 and locked at tag v1",)


def test_a_project_of_the_workspace_may_be_locked_without_its_source() -> None:
    read = parse_uv_lock(SOURCED_LOCK.replace(', directory = "../b"', "").encode(), filename="uv.lock")
    document = SOURCED.replace('{ path = "../b" }', "{ workspace = true }")
    assert differences(tomllib.loads(document), read.packages[0], read) == ()


def test_a_member_may_be_locked_as_a_directory_though_no_source_is_named() -> None:
    listed = SOURCED_LOCK.replace("[[package]]", '[manifest]\nmembers = ["b", "shop"]\n[[package]]', 1)
    document = SOURCED.replace('b = { path = "../b" }\n', "")
    for text, reasons in ((listed, ()), (SOURCED_LOCK, ("`b` is asked for from an index and locked from directory",))):
        read = parse_uv_lock(text.encode(), filename="uv.lock")
        assert differences(tomllib.loads(document), read.packages[0], read) == reasons


@pytest.mark.parametrize(
    ("locked", "project", "change"),
    [
        ("1.0", 'version = "1.0"', None),
        ("1.0", 'version = "1.0.0"', None),
        ("1.0.post1", 'version = "1.0-1"', None),
        ("1.0rc1", 'version = "1.0-RC.1"', None),
        ("1.0", 'version = "1.1"', "is 1.1 and was 1.0"),
        ("1.0", 'version = "1.0+abc"', "is 1.0+abc and was 1.0"),
        ("1.0", 'version = "1!1.0"', "is 1!1.0 and was 1.0"),
        ("1.0", 'dynamic = ["version"]', "is dynamic and was 1.0"),
        ("", 'dynamic = ["version"]', None),
        ("", 'version = "1.0"', "is 1.0 and was dynamic"),
        # What uv refuses is for uv to refuse, and a file without a project says nothing.
        ("1.0", 'version = "one"', None),
        ("1.0", "", None),
    ],
)
def test_a_version_is_another_one_where_uv_says_so(locked: str, project: str, change: str | None) -> None:
    lock = LOCK.replace('name = "shop"\n', f'name = "shop"\nversion = "{locked}"\n' if locked else 'name = "shop"\n', 1)
    [package] = parse_uv_lock(lock.encode(), filename="uv.lock").packages
    found = version_difference(tomllib.loads(f'[project]\nname = "shop"\n{project}\n'), package)
    assert found == (change and f"the version of `shop` {change} when the lock was made")
