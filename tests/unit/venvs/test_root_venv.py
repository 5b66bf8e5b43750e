from __future__ import annotations

from venv_building import wheel

from venvship.model.paths import TreePath
from venvship.model.platform import PythonVersion
from venvship.venvs.plan import VenvFile, VenvLink, VenvPlan
from venvship.venvs.root_venv import RootVenv, plan_root_venv
from venvship.venvs.wheel_layout import InstalledWheel

SITE = "lib/python3.11/site-packages"


def plan(*wheels: InstalledWheel) -> VenvPlan:
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
            why=lambda wheel: f"//libs:{wheel.project}",
        )
    )


def test_metadata_lies_in_real_directories_for_what_takes_links_for_none() -> None:
    made = links(plan(wheel("six", "six.py", "six-1.0.dist-info/RECORD")))
    assert sorted(path for path in made if "dist-info" in path) == [
        f"{SITE}/six-1.0.dist-info/{name}" for name in ("INSTALLER", "METADATA", "RECORD")
    ]
    # Where it is not known which files there are, one link has all.
    assert f"{SITE}/six-1.0.dist-info" in links(plan(wheel("six", "six.py")))


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
