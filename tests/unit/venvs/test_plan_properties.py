"""For any wheels, the venv shows the union of their files: nothing more, nothing less, nothing twice."""

from __future__ import annotations

import posixpath

from hypothesis import given, settings
from hypothesis import strategies as st
from venv_building import wheel

from venvship.model.paths import TreePath
from venvship.model.platform import PythonVersion
from venvship.venvs.collisions import CollisionPolicy, Precedence
from venvship.venvs.plan import VenvEntry, VenvLink, VenvLocation, plan_venv
from venvship.venvs.wheel_layout import InstalledWheel

SITE = "lib/python3.11/site-packages"
LOCATION = "_main/app/.x.venv"

targets = st.sampled_from([".", "a", "b", "a/b", "a-b", "../..", "../../../.."])
names = st.sampled_from(["a", "b", "a-b", "a.py", "__init__.py", "lib.so", "é"])
paths = st.lists(names, min_size=1, max_size=4).map("/".join)
projects = st.sampled_from(["one", "two", "three", "four"])


def without_conflicts(drawn: list[str]) -> list[str]:
    """Leave out what can't lie on one disk with the paths before it."""
    kept: list[str] = []
    for path in drawn:
        if not any(path == other or path.startswith(f"{other}/") or other.startswith(f"{path}/") for other in kept):
            kept.append(path)
    return kept


file_lists = st.lists(paths, max_size=8).map(without_conflicts)
data_lists = st.lists(st.tuples(st.sampled_from(["share", "bin", "lib", "etc"]), paths).map("/".join), max_size=4).map(
    without_conflicts
)


@st.composite
def wheels(draw: st.DrawFn) -> list[InstalledWheel]:
    made = []
    for project in draw(st.lists(projects, unique=True, max_size=4)):
        files = draw(file_lists)
        origins = {
            path: tuple(
                draw(st.lists(st.sampled_from([".", "a", "b", "a/b", "a-b", "../..", "../../../.."]), max_size=2))
            )
            for path in files
            if path.endswith(".so")
        }
        made.append(wheel(project, *files, data=draw(data_lists), origins=origins))
    return made


def plan(given_wheels: list[InstalledWheel], precedence: Precedence) -> tuple[VenvEntry, ...]:
    return plan_venv(
        given_wheels,
        location=VenvLocation(TreePath(LOCATION)),
        python=PythonVersion(3, 11),
        interpreter=TreePath("py/bin/python3.11"),
        policy=CollisionPolicy.IGNORE,
        precedence=precedence,
    ).entries


def expected(given_wheels: list[InstalledWheel], precedence: Precedence) -> dict[str, str]:
    """Install one wheel after the other, the strongest first, leaving what is there."""
    order = given_wheels if precedence is Precedence.FIRST_WINS else list(reversed(given_wheels))
    shown: dict[str, str] = {}
    for each in order:
        files = [(f"{SITE}/{path}", f"{each.site_packages}/{path}") for path in each.site.paths]
        files += [(path, f"{each.prefix}/{path}") for path in each.data.paths]
        before = list(shown)
        shown |= {
            path: source
            for path, source in files
            if not any(path == b or path.startswith(f"{b}/") or b.startswith(f"{path}/") for b in before)
        }
    return shown


def shown_by(entries: tuple[VenvEntry, ...], given_wheels: list[InstalledWheel]) -> dict[str, str]:
    """The files that a walk through the venv meets below its links, with what they are in the wheels."""
    installed = [f"{each.site_packages}/{path}" for each in given_wheels for path in each.site.paths]
    installed += [f"{each.prefix}/{path}" for each in given_wheels for path in each.data.paths]
    shown: dict[str, str] = {}
    for entry in entries:
        if not isinstance(entry, VenvLink) or "pypi/" not in entry.text:
            continue
        target = posixpath.normpath(posixpath.join(LOCATION, posixpath.dirname(entry.path), entry.text))
        below = [path for path in installed if path == target or path.startswith(f"{target}/")]
        assert below, f"{entry} dangles"
        for path in below:
            place = entry.path + path.removeprefix(target)
            assert place not in shown
            shown[place] = path
    return shown


@settings(max_examples=400)
@given(wheels(), st.sampled_from(Precedence))
def test_a_venv_shows_the_union_of_its_wheels(given_wheels: list[InstalledWheel], precedence: Precedence) -> None:
    assert shown_by(plan(given_wheels, precedence), given_wheels) == expected(given_wheels, precedence)


@given(wheels(), st.sampled_from(Precedence))
def test_no_path_is_both_an_entry_and_a_directory(given_wheels: list[InstalledWheel], precedence: Precedence) -> None:
    made = [entry.path for entry in plan(given_wheels, precedence)]
    assert len(set(made)) == len(made)
    directories = {path[:index] for path in made for index, character in enumerate(path) if character == "/"}
    assert not directories & set(made)


@given(wheels())
def test_a_directory_above_a_library_that_needs_another_wheel_is_real(given_wheels: list[InstalledWheel]) -> None:
    entries = plan(given_wheels, Precedence.LAST_WINS)
    links = {entry.path for entry in entries if isinstance(entry, VenvLink)}
    for each in given_wheels:
        for library, origins in each.origins.items():
            suppliers = {
                other.project
                for other in given_wheels
                if other is not each
                for origin in origins
                for path in other.site.paths
                if path.endswith(".so") and posixpath.dirname(path) == ("" if origin == "." else origin)
            }
            directory = posixpath.dirname(library)
            while suppliers and directory:
                if any(path.startswith(f"{SITE}/{directory}/") for path in links):
                    assert f"{SITE}/{directory}" not in links
                directory = posixpath.dirname(directory)
