from __future__ import annotations

import tomllib

import pytest

from venvship.wheels.freshness import differences, member_patterns, version_difference, workspace_differences
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


def test_a_group_may_be_for_some_versions_of_python_only() -> None:
    lock = LOCK.replace('specifier = ">=8" }', 'specifier = ">=8", marker = "python_full_version >= \'3.11\'" }')
    assert found(PYPROJECT, lock) == (
        "`pytest` is asked for in group `test` with another marker than it is locked with",
    )
    assert found(PYPROJECT + '[tool.uv.dependency-groups]\ntest = { requires-python = ">=3.11" }\n', lock) == ()


def test_nothing_is_known_of_dynamic_projects_and_of_locks_without_metadata() -> None:
    dynamic = '[project]\nname = "shop"\ndynamic = ["dependencies"]\n'
    assert found(dynamic, LOCK.partition("[package.metadata.requires-dev]")[0]) == ()
    assert found('[project]\nname = "shop"\n', LOCK.partition("[package.metadata]")[0]) == ()


CONFLICT = '[tool.uv]\nconflicts = [[{ extra = "old" }, { package = "lib", group = "new" }]]\n'
CONFLICT_SHOWN = "conflict of extra `old` of `shop` and group `new` of `lib`"
INCLUDING = '[dependency-groups]\na = [{ include-group = "B" }, "six"]\nb = []\nc = []\n'
CONFLICT_OF_GROUPS = '[tool.uv]\nconflicts = [[{ group = "b" }, { group = "c" }]]\n'
INCLUDING_LOCKED = """
conflicts = [
    [{ package = "shop", group = "b" }, { package = "shop", group = "c" }],
    [{ package = "shop", group = "a" }, { package = "shop", group = "c" }],
]
"""
CONFLICT_LOCKED = 'conflicts = [[{ package = "lib", group = "new" }, { package = "shop", extra = "old" }]]\n'


@pytest.mark.parametrize(
    ("shop", "lib", "locked", "reasons"),
    [
        (">=3.11", "", ">=3.11", ()),
        (">=3.11", ">=3.12,<3.14", "<3.14,>=3.12", ()),
        ("~=3.11", "", ">=3.11, <4", ()),
        ("", "", ">=3.11", ()),
        (">=3.10", "", ">=3.11", ("`requires-python` is asked for as >=3.10 and locked as >=3.11",)),
        (">=3.11", ">=3.12", ">=3.11", ("`requires-python` is asked for as >=3.11, >=3.12 and locked as >=3.11",)),
        ("three", "", ">=3.11", ()),
    ],
)
def test_the_python_versions_of_all_projects_are_those_of_the_lock(
    shop: str, lib: str, locked: str, reasons: tuple[str, ...]
) -> None:
    texts = {"shop": shop, "lib": lib}
    projects = {name: {"project": {"requires-python": text} if text else {}} for name, text in texts.items()}
    lock = parse_uv_lock(f'version = 1\nrequires-python = "{locked}"\n'.encode(), filename="uv.lock")
    assert workspace_differences(projects, lock, root={}) == reasons


@pytest.mark.parametrize(
    ("declared", "locked", "reasons"),
    [
        (CONFLICT, CONFLICT_LOCKED, ()),
        (CONFLICT, "", (f"the {CONFLICT_SHOWN} is new",)),
        ("", CONFLICT_LOCKED, (f"the {CONFLICT_SHOWN} is not declared any more",)),
        (INCLUDING + CONFLICT_OF_GROUPS, INCLUDING_LOCKED, ()),
        (
            CONFLICT_OF_GROUPS,
            INCLUDING_LOCKED,
            ("the conflict of group `a` of `shop` and group `c` of `shop` is not declared any more",),
        ),
        (
            "",
            'conflicts = [[{ package = "a", extra = "x" }, { package = "a", group = "x" }]]',
            ("the conflict of extra `x` of `a` and group `x` of `a` is not declared any more",),
        ),
        (
            CONFLICT_OF_GROUPS.replace("]]", ', { group = "d" }]]'),
            'conflicts = [[{ package = "shop", group = "b" }, { package = "shop", group = "c" }]]',
            (
                "the conflict of group `b` of `shop` and group `c` of `shop` and group `d` of `shop` is new",
                "the conflict of group `b` of `shop` and group `c` of `shop` is not declared any more",
            ),
        ),
        ("[tool.uv]\nconflicts = 3\n", "", ()),
    ],
)
def test_conflicts_are_those_of_the_lock(declared: str, locked: str, reasons: tuple[str, ...]) -> None:
    lock = parse_uv_lock(f"version = 1\n{locked}".encode(), filename="uv.lock")
    assert workspace_differences({"shop": tomllib.loads(declared)}, lock, root={}) == reasons


ENVIRONMENTS = "`environments` are declared otherwise than they are locked"


@pytest.mark.parametrize(
    ("declared", "locked", "reasons"),
    [
        ("", "", ()),
        ("'sys_platform == \"linux\"'", "'sys_platform == \"linux\"'", ()),
        ('\'sys_platform == "linux" and python_version >= "3.9"\'', "'sys_platform == \"linux\"'", ()),
        ("'sys_platform == \"linux\"'", "", (ENVIRONMENTS,)),
        ("", "'sys_platform == \"linux\"'", (ENVIRONMENTS,)),
        ("'sys_platform == \"linux\"', 'os_name == \"nt\"'", "'sys_platform == \"linux\"'", (ENVIRONMENTS,)),
        ("'not a marker'", "", ()),
    ],
)
def test_environments_are_those_of_the_lock(declared: str, locked: str, reasons: tuple[str, ...]) -> None:
    text = f'version = 1\nrequires-python = ">=3.11"\nsupported-markers = [{locked}]\n'
    lock = parse_uv_lock(text.encode(), filename="uv.lock")
    root = tomllib.loads(f"[tool.uv]\nenvironments = [{declared}]\n")
    assert workspace_differences({}, lock, root=root) == reasons


@pytest.mark.parametrize(
    ("declared", "locked", "is_told"),
    [
        ("", "", False),
        ("'os_name == \"nt\"'", "'sys_platform == \"win32\"'", False),
        ("'os_name == \"nt\"'", "", True),
        ("", "'os_name == \"nt\"'", True),
        ("'sys_platform == \"darwin\"'", '\'sys_platform == "darwin" and platform_machine == "arm64"\'', True),
    ],
)
def test_required_environments_are_those_of_the_lock(declared: str, locked: str, is_told: bool) -> None:
    text = f'version = 1\nrequires-python = ">=3.11"\nrequired-markers = [{locked}]\n'
    lock = parse_uv_lock(text.encode(), filename="uv.lock")
    root = tomllib.loads(f"[tool.uv]\nrequired-environments = [{declared}]\n")
    told = "`required-environments` are declared otherwise than they are locked"
    assert workspace_differences({}, lock, root=root) == ((told,) if is_told else ())


@pytest.mark.parametrize(
    ("declared", "locked", "reasons"),
    [
        ("", 'prerelease-mode = "allow"', ()),
        ('prerelease = "allow"', 'prerelease-mode = "allow"', ()),
        ('resolution = "highest"', "", ()),
        (
            'fork-strategy = "fewest"',
            "",
            ("`fork-strategy` is declared as `fewest` and was `requires-python` when the lock was made",),
        ),
        (
            'resolution = "lowest"',
            'resolution-mode = "lowest-direct"',
            ("`resolution` is declared as `lowest` and was `lowest-direct` when the lock was made",),
        ),
        ('exclude-newer = "2026-01-02T00:00:00+02:00"', 'exclude-newer = "2026-01-01T22:00:00Z"', ()),
        ('exclude-newer = "2026-01-02"', 'exclude-newer = "2026-01-03T00:00:00Z"', ()),
        ('exclude-newer = "7 days"', 'exclude-newer = "0001-01-01T00:00:00Z"\nexclude-newer-span = "P7D"', ()),
        (
            'exclude-newer = "2026-01-02T00:00:00Z"',
            'exclude-newer = "2026-01-01T22:00:00Z"',
            (
                "`exclude-newer` is declared as `2026-01-02T00:00:00Z` and was `2026-01-01T22:00:00Z` "
                "when the lock was made",
            ),
        ),
        (
            'exclude-newer = "7 days"',
            "",
            ("`exclude-newer` is declared as `7 days` and was not when the lock was made",),
        ),
        ('exclude-dependencies = ["Idna"]', "[manifest]\nexcludes = ['idna']", ()),
        (
            'exclude-dependencies = ["six"]',
            "[manifest]\nexcludes = ['idna']",
            ("`idna` is not excluded any more", "`six` is excluded now"),
        ),
    ],
)
def test_versions_are_chosen_as_when_the_lock_was_made(declared: str, locked: str, reasons: tuple[str, ...]) -> None:
    lock = parse_uv_lock(f"version = 1\n[options]\n{locked}\n".encode(), filename="uv.lock")
    assert workspace_differences({}, lock, root=tomllib.loads(f"[tool.uv]\n{declared}\n")) == reasons


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
    { name = "c", marker = "sys_platform == 'linux' or sys_platform == 'darwin'" },
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
        ("!= 'win32'", "not in 'win32, cygwin'", None),
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
    { name = "d" },
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
            ),
        ),
    ],
)
def test_sources_are_those_of_the_lock(old: str, new: str, reasons: tuple[str, ...]) -> None:
    assert found(SOURCED.replace(old, new), SOURCED_LOCK) == reasons


def test_sources_of_the_root_hold_for_members() -> None:
    read = parse_uv_lock(SOURCED_LOCK.encode(), filename="uv.lock")
    own, root = SOURCED.split("[tool.uv.sources]")
    root = "[tool.uv.sources]" + root
    assert differences(tomllib.loads(own), read.packages[0], read, root=tomllib.loads(root)) == ()
    reasons = differences(tomllib.loads(own), read.packages[0], read, root=tomllib.loads(root.replace("v1", "v2")))
    assert reasons == ("`a` is asked for at tag v2 and locked at tag v1",)


SET_FOR_ALL = """
[tool.uv]
constraint-dependencies = ["urllib3<2.3", "idna>=3; sys_platform == 'linux'"]
override-dependencies = ["Certifi>2020", "chardet; python_version < '3'"]
build-constraint-dependencies = ["setuptools<80"]
"""
SET_FOR_ALL_LOCKED = """
version = 1
[manifest]
constraints = [
    { name = "idna", marker = "sys_platform == 'linux'", specifier = ">=3" },
    { name = "urllib3", specifier = "<2.3" },
]
overrides = [
    { name = "certifi", specifier = ">2020" },
    { name = "chardet", marker = "python_full_version < '3'" },
]
build-constraints = [{ name = "setuptools", specifier = "<80" }]
"""


@pytest.mark.parametrize(
    ("old", "new", "reasons"),
    [
        ("", "", ()),
        ("urllib3<2.3", "urllib3<2", ("the constraint of `urllib3` is <2 and was <2.3 when the lock was made",)),
        ("Certifi>2020", "Certifi", ("the override of `certifi` is any version and was >2020 when the lock was made",)),
        ('"setuptools<80"', "", ("the constraint of builds of `setuptools` is locked and not declared any more",)),
        ('"setuptools<80"', '"setuptools<80", "wheel"', ("the constraint of builds of `wheel` is new",)),
    ],
)
def test_what_is_set_for_a_workspace_is_that_of_the_lock(old: str, new: str, reasons: tuple[str, ...]) -> None:
    lock = parse_uv_lock(SET_FOR_ALL_LOCKED.encode(), filename="uv.lock")
    assert workspace_differences({}, lock, root=tomllib.loads(SET_FOR_ALL.replace(old, new))) == reasons


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


def test_members_of_a_workspace_are_patterns() -> None:
    text = '[tool.uv.workspace]\nmembers = ["libs/*", 3]\nexclude = ["libs/old"]\n'
    assert member_patterns(tomllib.loads(text)) == (("libs/*",), ("libs/old",))
    assert member_patterns({"tool": {"uv": {"workspace": 1}}}) is None


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
