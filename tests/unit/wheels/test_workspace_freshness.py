from __future__ import annotations

import tomllib

import pytest

from venvship.wheels.uv_lock import parse_uv_lock
from venvship.wheels.workspace_freshness import harmless_differences, workspace_differences

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
            'exclude-newer = "2026-01-01T00:00:00Z"',
            'exclude-newer = "2026-01-01T22:00:00Z"',
            (
                "`exclude-newer` is declared as `2026-01-01T00:00:00Z` and was `2026-01-01T22:00:00Z` "
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
            "[manifest]\nexcludes = ['idna']\n[[package]]\nname = 'six'\nsource = { registry = 'simple' }",
            ("`idna` is not excluded any more", "`six` is excluded now"),
        ),
    ],
)
def test_versions_are_chosen_as_when_the_lock_was_made(declared: str, locked: str, reasons: tuple[str, ...]) -> None:
    lock = parse_uv_lock(f"version = 1\n[options]\n{locked}\n".encode(), filename="uv.lock")
    assert workspace_differences({}, lock, root=tomllib.loads(f"[tool.uv]\n{declared}\n")) == reasons


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


def test_a_root_without_a_project_declares_conflicts_and_groups() -> None:
    root = """
[dependency-groups]
dev = ["six", { include-group = "more" }]
more = ["attrs; sys_platform == 'linux'"]
empty = []
[tool.uv]
conflicts = [[{ package = "a", extra = "x" }, { package = "b", extra = "y" }]]
"""
    lock = parse_uv_lock(
        b"""
version = 1
conflicts = [[{ package = "a", extra = "x" }, { package = "b", extra = "y" }]]
[manifest.dependency-groups]
dev = [{ name = "attrs", marker = "sys_platform == 'linux'" }, { name = "six" }]
more = [{ name = "attrs", marker = "sys_platform == 'linux'" }]
""",
        filename="uv.lock",
    )
    for old, new, reasons in (
        ("", "", ()),
        ("empty = []", "", ()),
        ('"six", ', "", ("`six` is locked in group `dev` and not asked for any more",)),
        ("empty = []", 'empty = ["tox"]', ("group `empty` is new",)),
        (
            'package = "b"',
            'package = "c"',
            (
                "the conflict of extra `x` of `a` and extra `y` of `c` is new",
                "the conflict of extra `x` of `a` and extra `y` of `b` is not declared any more",
            ),
        ),
    ):
        assert workspace_differences({}, lock, root=tomllib.loads(root.replace(old, new))) == reasons


MEMBERS = """
version = 1
revision = 3
[manifest]
members = ["app", "lib"]
[[package]]
name = "app"
source = { KIND = "app" }
[[package]]
name = "lib"
source = { editable = "lib" }
"""
BUILT = "[build-system]\nrequires = []\n"
LIB = {"lib": tomllib.loads(BUILT)}


@pytest.mark.parametrize(
    ("kind", "app", "root", "reasons"),
    [
        ("virtual", "", "", ()),
        ("virtual", BUILT, "", ("`app` is a package now",)),
        ("virtual", "[tool.uv]\npackage = true", "", ("`app` is a package now",)),
        ("editable", "", "", ("`app` is not a package any more",)),
        ("editable", f"{BUILT}[tool.uv]\npackage = false", "", ("`app` is not a package any more",)),
        # Whether a project is a package that others need depends on the release of uv.
        ("editable", "", "app = { workspace = true }", ()),
        ("virtual", "", "app = { workspace = true }", ()),
        ("editable", "", "app = { path = 'app' }", ()),
        ("editable", "", "app = { workspace = true, editable = false }", ("`app` is not editable any more",)),
        ("directory", "", "app = { workspace = true, editable = false }", ()),
        ("directory", BUILT, "app = { workspace = true }", ("`app` is editable now",)),
    ],
)
def test_members_are_installed_as_when_the_lock_was_made(
    kind: str, app: str, root: str, reasons: tuple[str, ...]
) -> None:
    text = MEMBERS.replace("KIND", kind)
    lock = parse_uv_lock(text.encode(), filename="uv.lock")
    document = tomllib.loads(f"[tool.uv.sources]\n{root}\n")
    projects = {**LIB, "app": tomllib.loads(app)}
    assert workspace_differences(projects, lock, root=document) == reasons
    # The first locks had no other kind.
    older = parse_uv_lock(text.replace("revision = 3", "").encode(), filename="uv.lock")
    assert workspace_differences(projects, older, root=document) == ()


SHOP = "[[package]]\nname = 'shop'\nsource = { virtual = '.' }\n"
WITH_SIX = "[[package]]\nname = 'six'\nversion = '1'\nsource = { registry = 'https://packages.example/simple' }\n"


@pytest.mark.parametrize(
    ("declared", "locked", "reasons"),
    [
        ('constraint-dependencies = ["attrs<9"]', "", ()),
        ('constraint-dependencies = ["six<9"]', "", ("the constraint of `six` is new",)),
        ('override-dependencies = ["attrs<9"]', "", ()),
        ('exclude-dependencies = ["attrs"]', "", ()),
        (
            "constraint-dependencies = [\"six<9; sys_platform == 'linux'\"]",
            '[manifest]\nconstraints = [{ name = "six", specifier = "<9" }]',
            ("the constraint of `six` has another marker than when the lock was made",),
        ),
        (
            'override-dependencies = ["six[x]"]',
            '[manifest]\noverrides = [{ name = "six" }]',
            ("the override of `six` is with x and was with no extra when the lock was made",),
        ),
        (
            'prerelease = "if-necessary"',
            "",
            (),
        ),
        (
            'exclude-newer = "8 days"',
            "[options]\nexclude-newer-span = 'P7D'",
            ("`exclude-newer` is declared as `8 days` and was `P7D` when the lock was made",),
        ),
        ('exclude-newer = "P7D"', "[options]\nexclude-newer-span = 'P7D'", ()),
        (
            'exclude-newer = "2026-01-01T00:00:00Z"',
            "[options]\nexclude-newer-span = 'P7D'",
            ("`exclude-newer` is declared as `2026-01-01T00:00:00Z` and was `P7D` when the lock was made",),
        ),
        ('exclude-newer-package = { attrs = "2026-01-01T00:00:00Z" }', "", ()),
        (
            'exclude-newer-package = { Six = "2026-01-01T00:00:00Z" }',
            "",
            (
                "`exclude-newer-package` of `Six` is declared as `2026-01-01T00:00:00Z` and was not "
                "when the lock was made",
            ),
        ),
        (
            'exclude-newer-package = { six = "2026-01-01T00:00:00Z", attrs = false }',
            "[options.exclude-newer-package]\nsix = '2026-01-01T00:00:00Z'",
            (),
        ),
        ('dependency-metadata = [{ name = "attrs", version = "1" }]', "", ()),
        ('dependency-metadata = [{ name = "six" }]', "", ("`dependency-metadata` of `six` is new",)),
        (
            "",
            "[[manifest.dependency-metadata]]\nname = 'six'\nversion = '1'",
            ("`dependency-metadata` of `six` 1 is locked and not declared any more",),
        ),
        (
            "dependency-metadata = [{ name = 'six', requires-dist = ['A>=1'], requires-python = '>=3.8' }]",
            "[[manifest.dependency-metadata]]\nname = 'six'\nrequires-dist = ['a >=1.0']\nrequires-python = '>=3.8'",
            (),
        ),
        (
            "dependency-metadata = [{ name = 'six', requires-dist = ['A>=2'] }]",
            "[[manifest.dependency-metadata]]\nname = 'six'\nrequires-dist = ['a >=1.0']",
            ("`dependency-metadata` of `six` is declared otherwise than it is locked",),
        ),
        (
            "dependency-metadata = [{ name = 'six', requires-python = '>=3.9' }]",
            "[[manifest.dependency-metadata]]\nname = 'six'\nrequires-python = '>=3.8'",
            ("`dependency-metadata` of `six` is declared otherwise than it is locked",),
        ),
        (
            "dependency-metadata = [{ name = 'six', provides-extra = ['x'] }]",
            "[[manifest.dependency-metadata]]\nname = 'six'",
            ("`dependency-metadata` of `six` is declared otherwise than it is locked",),
        ),
    ],
)
def test_settings_concern_what_the_lock_has(declared: str, locked: str, reasons: tuple[str, ...]) -> None:
    lock = parse_uv_lock(f"version = 1\n{locked}\n{WITH_SIX}".encode(), filename="uv.lock")
    assert workspace_differences({}, lock, root=tomllib.loads(f"[tool.uv]\n{declared}\n")) == reasons


INDEXED = '[[tool.uv.index]]\nname = "i"\nurl = "URL"\ndefault = true\n'


@pytest.mark.parametrize(
    ("declared", "locked", "reasons"),
    [
        ("", "", ()),
        ("[tool.uv]\ndefault-groups = ['dev']", "revision = 5", ()),
        ("[tool.uv]\ndefault-groups = 'all'", "revision = 3", ()),
        (
            "[tool.uv]\ndefault-groups = 'all'",
            "revision = 5",
            ("`default-groups` of `shop` are others than when the lock was made",),
        ),
        (
            "[tool.uv]\nconflicts = [[{ extra = 'a' }, { extra = 'b' }], [{ extra = 'c' }, { extra = 'd' }]]",
            "conflicts = [[{ package = 'shop', extra = 'c' }, { package = 'shop', extra = 'd' }], "
            "[{ package = 'shop', extra = 'b' }, { package = 'shop', extra = 'a' }]]",
            ("`conflicts` are in another order than when the lock was made",),
        ),
        (
            "[tool.uv]\nenvironments = [\"sys_platform == 'linux'\", \"os_name == 'nt'\"]",
            "supported-markers = [\"sys_platform == 'win32'\", \"sys_platform == 'linux'\"]",
            ("`environments` are in another order than when the lock was made",),
        ),
        (INDEXED.replace("URL", "https://user@packages.example/simple/"), WITH_SIX, ()),
        (INDEXED.replace("URL", "https://${HOST}/simple/"), WITH_SIX, ()),
        (INDEXED.replace("URL", "https://new.example/simple/").replace("default = true", ""), WITH_SIX, ()),
        (
            INDEXED.replace("URL", "https://new.example/simple/"),
            WITH_SIX,
            (
                "`https://packages.example/simple`, which distributions are locked from, is no index of the workspace "
                "any more",
            ),
        ),
        (
            "",
            "[options]\nresolution-mode = 'lowest'\nexclude-newer = '2026-01-01T00:00:00Z'\n"
            "[options.exclude-newer-package]\nsix = '2026-01-01T00:00:00Z'",
            (
                "`resolution` was `lowest` when the lock was made, and is not declared",
                "`exclude-newer` was `2026-01-01T00:00:00Z` when the lock was made, and is not declared",
                "`exclude-newer-package` had `six` when the lock was made, which is not declared",
            ),
        ),
    ],
)
def test_what_changes_no_choice_is_told_apart(declared: str, locked: str, reasons: tuple[str, ...]) -> None:
    root = tomllib.loads(f'[project]\nname = "shop"\n{declared}\n')
    lock = parse_uv_lock(f"version = 1\n{locked}\n{SHOP}".encode(), filename="uv.lock")
    assert harmless_differences({"shop": root}, lock, root=root) == reasons
    assert workspace_differences({"shop": root}, lock, root=root) == ()
