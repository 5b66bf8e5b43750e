from __future__ import annotations

from collections.abc import Sequence

from venv_building import wheel

from venvship.model.paths import TreePath
from venvship.model.platform import PythonVersion
from venvship.venvs.plan import VenvFile, VenvLink, VenvPlan
from venvship.venvs.root_venv import RootVenv, plan_root_venv
from venvship.venvs.scripts import FirstPartyDistribution
from venvship.venvs.wheel_layout import InstalledWheel, ScriptEntryPoint

SITE = "lib/python3.11/site-packages"


def plan(*wheels: InstalledWheel, members: Sequence[FirstPartyDistribution] = ()) -> VenvPlan:
    return plan_root_venv(
        RootVenv(
            directory=TreePath("/home/me/shop/.venv"),
            title="shop",
            python=PythonVersion(3, 11),
            full_version="3.11.7",
            interpreter=TreePath("/store/python/bin/python3.11"),
            wheels=wheels,
            place=lambda prefix: f"/store/{prefix}",
            import_roots=("/home/me/shop", "/home/me/shop/libs"),
            members=members,
            why=lambda wheel: f"//libs:{wheel.project}",
        )
    )


def test_metadata_lies_in_real_directories_for_what_takes_links_for_none() -> None:
    made = links(plan(wheel("six", "six.py", "six-1.0.dist-info/RECORD", "six-1.0.dist-info/licenses/a/LICENSE")))
    assert sorted(path for path in made if "dist-info" in path) == [
        f"{SITE}/six-1.0.dist-info/{name}" for name in ("METADATA", "licenses/a/LICENSE")
    ]
    # Where it is not known which files there are, one link has all.
    assert f"{SITE}/six-1.0.dist-info" in links(plan(wheel("six", "six.py")))


def test_a_record_lists_the_links_of_its_distribution_and_nothing_behind_them() -> None:
    first = wheel(
        "first",
        *("first/__init__.py", "first/inner.py", "ns/first.py", "odd, name.py", "first-1.0.dist-info/RECORD"),
        data=["share/doc/first/README"],
        entry_points=[ScriptEntryPoint("tool", "first", "main")],
    )
    made = texts(plan(first, wheel("second", "ns/second.py", "second-1.0.dist-info/RECORD")))
    assert made[f"{SITE}/first-1.0.dist-info/INSTALLER"] == "venvship\n"
    assert sorted(made[f"{SITE}/first-1.0.dist-info/RECORD"].splitlines(), key=lambda line: line.strip('"')) == [
        "../../../bin/tool,,",
        "../../../share/doc/first/README,,",
        "first,,",
        "first-1.0.dist-info/INSTALLER,,",
        "first-1.0.dist-info/METADATA,,",
        "first-1.0.dist-info/RECORD,,",
        "first-1.0.dist-info/top_level.txt,,",
        "ns/first.py,,",
        '"odd, name.py",,',
    ]
    assert made[f"{SITE}/first-1.0.dist-info/top_level.txt"] == "first\nns\n"
    assert "ns/second.py,," in made[f"{SITE}/second-1.0.dist-info/RECORD"]


def test_a_member_of_the_workspace_can_be_uninstalled_too() -> None:
    points = (("console_scripts", (("run", "ours:main"),)),)
    made = texts(plan(members=[FirstPartyDistribution("ours", "1", points)]))
    assert made[f"{SITE}/ours-1.dist-info/RECORD"].splitlines() == [
        "../../../bin/run,,",
        *(f"ours-1.dist-info/{name},," for name in ("INSTALLER", "METADATA", "RECORD", "WHEEL", "entry_points.txt")),
    ]


def test_what_others_may_add_to_is_no_link() -> None:
    only = wheel(
        "only",
        *("ns/deep/package/__init__.py", "ns/other/package/__init__.py", "ns/data/table.csv", "only.libs/a.so"),
        *("joined/__init__.py", "joined/part/__init__.py", "package/data/table.csv", "package/__init__.py"),
        data=["share/jupyter/kernels/one/kernel.json"],
        legacy_namespaces=["joined"],
    )
    made = links(plan(only))
    assert sorted(path.removeprefix(f"{SITE}/") for path in made if not path.startswith("bin/")) == [
        *("joined/__init__.py", "joined/part"),
        *("ns/data", "ns/deep/package", "ns/other/package"),
        *("only-1.0.dist-info", "only.libs", "package"),
        "share/jupyter/kernels/one/kernel.json",
    ]


def links(made: VenvPlan) -> dict[str, str]:
    return {entry.path: entry.text for entry in made.entries if isinstance(entry, VenvLink)}


def texts(made: VenvPlan) -> dict[str, str]:
    return {entry.path: entry.content.decode() for entry in made.entries if isinstance(entry, VenvFile)}


def test_links_and_import_roots_are_places_of_this_machine() -> None:
    made = plan(wheel("six", "six.py"))
    assert links(made)["bin/python"] == "/store/python/bin/python3.11"
    assert links(made)[f"{SITE}/six.py"] == f"/store/pypi/six/1.0/{SITE}/six.py"
    [roots] = [text for path, text in texts(made).items() if path.endswith(".pth")]
    assert roots.splitlines() == ["/home/me/shop", "/home/me/shop/libs"]


def test_the_configuration_has_the_whole_version_for_editors() -> None:
    configuration = texts(plan())["pyvenv.cfg"].splitlines()
    assert "version = 3.11.7" in configuration
    assert "prompt = shop" in configuration
    assert not any("relocatable" in line for line in configuration)


def test_wheels_that_collide_are_warned_of_by_their_own_names() -> None:
    made = plan(wheel("one", "same.py"), wheel("two", "same.py"))
    [warning] = made.warnings
    assert "same.py" in warning
    assert "//libs:one" in warning and "//libs:two" in warning
