from __future__ import annotations

from collections.abc import Mapping

import pytest
from venv_building import wheel

from venvship.errors import SeveralErrors
from venvship.model.paths import TreePath
from venvship.model.platform import PythonVersion
from venvship.venvs.collisions import CollidingWheels, CollisionKind, CollisionPolicy, Precedence, SeveralVersions
from venvship.venvs.path_file import UnwritableImportRoot
from venvship.venvs.plan import VenvFile, VenvLink, VenvLocation, VenvPlan, VenvScript, plan_venv
from venvship.venvs.scripts import FirstPartyDistribution
from venvship.venvs.wheel_layout import InstalledScript, InstalledWheel, ScriptEntryPoint

SITE = "lib/python3.11/site-packages"
UP = "../../../../../../"


def plan(
    *wheels: InstalledWheel,
    policy: CollisionPolicy = CollisionPolicy.ERROR,
    precedence: Precedence = Precedence.LAST_WINS,
    first_party: tuple[str, ...] = (),
    members: tuple[FirstPartyDistribution, ...] = (),
    directory: str = "_main/app/.server.venv",
    python: str = "3.11",
    environment: Mapping[str, str] | None = None,
) -> VenvPlan:
    return plan_venv(
        wheels,
        location=VenvLocation(TreePath(directory)),
        python=PythonVersion.parse(python),
        interpreter=TreePath(f"python_3_11/3.11.7/bin/python{python}"),
        first_party=first_party,
        members=members,
        policy=policy,
        precedence=precedence,
        environment=environment,
        why=lambda wheel: f"//libs:{wheel.project}",
    )


def site_links(made: VenvPlan) -> dict[str, str]:
    """Link texts by name in site-packages, without the dist-info directories and the way up and into the install."""
    links = {
        entry.path.removeprefix(f"{SITE}/"): entry.text
        for entry in made.entries
        if isinstance(entry, VenvLink) and entry.path.startswith(SITE) and ".dist-info" not in entry.path
    }
    return {name: text.replace("../", "").replace(f"/{SITE}", "") for name, text in links.items()}


def content(made: VenvPlan, path: str) -> str:
    [entry] = [entry for entry in made.entries if entry.path == path]
    assert isinstance(entry, VenvFile)
    return entry.content.decode()


def test_a_package_of_one_wheel_is_linked_whole() -> None:
    made = plan(wheel("six", "six.py"), wheel("numpy", "numpy/__init__.py", "numpy/core/_x.py", "numpy.libs/b.so"))
    assert site_links(made) == {
        "six.py": "pypi/six/1.0/six.py",
        "numpy": "pypi/numpy/1.0/numpy",
        "numpy.libs": "pypi/numpy/1.0/numpy.libs",
    }


def test_links_lead_from_the_venv_to_the_wheel_by_one_relative_text() -> None:
    entries = {entry.path: entry for entry in plan(wheel("six", "six.py")).entries}
    assert entries[TreePath(f"{SITE}/six.py")] == VenvLink(
        TreePath(f"{SITE}/six.py"), f"{UP}pypi/six/1.0/{SITE}/six.py"
    )
    assert entries[TreePath(f"{SITE}/six-1.0.dist-info")] == VenvLink(
        TreePath(f"{SITE}/six-1.0.dist-info"), f"{UP}pypi/six/1.0/{SITE}/six-1.0.dist-info"
    )


def test_the_interpreter_is_linked_under_its_usual_names() -> None:
    links = {e.path: e.text for e in plan().entries if isinstance(e, VenvLink)}
    assert links == {
        "bin/python": "../../../../python_3_11/3.11.7/bin/python3.11",
        "bin/python3": "python",
        "bin/python3.11": "python",
    }


def test_a_free_threaded_interpreter_has_its_own_name_and_library_directory() -> None:
    made = plan(wheel("six", "six.py"), python="3.13t")
    links = {e.path: e.text for e in made.entries if isinstance(e, VenvLink)}
    assert links[TreePath("bin/python")].endswith("/bin/python3.13t")
    assert links[TreePath("bin/python3.13t")] == "python"
    assert "lib/python3.13t/site-packages/six.py" in links


def test_the_configuration_isolates_and_leaves_home_empty() -> None:
    assert content(plan(), "pyvenv.cfg") == (
        "home = \nimplementation = CPython\nversion_info = 3.11\ninclude-system-site-packages = false\n"
        "relocatable = true\nprompt = server\n"
    )


def test_namespaces_are_merged_entry_by_entry() -> None:
    made = plan(
        wheel("google-auth", "google/auth/__init__.py", "google/auth/jwt.py"),
        wheel("google-storage", "google/cloud/storage/__init__.py"),
        wheel("google-core", "google/cloud/client/__init__.py", "google/cloud/version.py"),
    )
    assert site_links(made) == {
        "google/auth": "pypi/google-auth/1.0/google/auth",
        "google/cloud/storage": "pypi/google-storage/1.0/google/cloud/storage",
        "google/cloud/client": "pypi/google-core/1.0/google/cloud/client",
        "google/cloud/version.py": "pypi/google-core/1.0/google/cloud/version.py",
    }


def test_legacy_namespaces_share_one_init_without_a_clash() -> None:
    made = plan(
        wheel("zope.a", "zope/__init__.py", "zope/a/__init__.py", legacy_namespaces=["zope"]),
        wheel("zope.b", "zope/__init__.py", "zope/b/__init__.py", legacy_namespaces=["zope"]),
    )
    assert site_links(made) == {
        "zope/__init__.py": "pypi/zope.b/1.0/zope/__init__.py",
        "zope/a": "pypi/zope.a/1.0/zope/a",
        "zope/b": "pypi/zope.b/1.0/zope/b",
    }


def test_a_real_init_is_preferred_to_one_that_only_joins() -> None:
    made = plan(
        wheel("core", "backports/__init__.py"),
        wheel("extra", "backports/__init__.py", "backports/x.py", legacy_namespaces=["backports"]),
    )
    assert site_links(made)["backports/__init__.py"] == "pypi/core/1.0/backports/__init__.py"


def test_a_regular_package_that_others_extend_is_merged_by_links_to_files() -> None:
    made = plan(
        wheel("azure-core", "azure/core/__init__.py", "azure/core/tracing/__init__.py"),
        wheel("azure-tracing", "azure/core/tracing/ext/ot/__init__.py"),
    )
    assert site_links(made) == {
        "azure/core/__init__.py": "pypi/azure-core/1.0/azure/core/__init__.py",
        "azure/core/tracing/__init__.py": "pypi/azure-core/1.0/azure/core/tracing/__init__.py",
        "azure/core/tracing/ext": "pypi/azure-tracing/1.0/azure/core/tracing/ext",
    }


def test_a_directory_is_real_where_its_library_needs_those_of_another_wheel() -> None:
    made = plan(
        wheel("cudnn", "nvidia/cudnn/lib/libcudnn.so.9", "nvidia/cudnn/include/cudnn.h"),
        wheel(
            "torch",
            "torch/__init__.py",
            "torch/lib/libtorch.so",
            "torch/lib/libc10.so",
            "torch/nn/__init__.py",
            origins={"torch/lib/libtorch.so": ("torch/lib", "nvidia/cudnn/lib")},
        ),
    )
    assert site_links(made) == {
        "nvidia": "pypi/cudnn/1.0/nvidia",
        "torch/__init__.py": "pypi/torch/1.0/torch/__init__.py",
        "torch/lib/libc10.so": "pypi/torch/1.0/torch/lib/libc10.so",
        "torch/lib/libtorch.so": "pypi/torch/1.0/torch/lib/libtorch.so",
        "torch/nn": "pypi/torch/1.0/torch/nn",
    }


def test_libraries_that_stay_within_their_wheel_keep_its_directories_whole() -> None:
    made = plan(
        wheel("numpy", "numpy/_x.so", "numpy.libs/libblas.so", origins={"numpy/_x.so": ("numpy.libs", "../../../..")}),
        wheel("other", "numpy_extra/_y.so", origins={"numpy_extra/_y.so": ("absent/lib",)}),
    )
    assert site_links(made) == {
        "numpy": "pypi/numpy/1.0/numpy",
        "numpy.libs": "pypi/numpy/1.0/numpy.libs",
        "numpy_extra": "pypi/other/1.0/numpy_extra",
    }


def test_a_directory_without_libraries_of_others_keeps_nothing_real() -> None:
    made = plan(
        wheel("cudnn", "nvidia/cudnn/include/cudnn.h"),
        wheel("torch", "torch/libtorch.so", origins={"torch/libtorch.so": ("nvidia/cudnn/include",)}),
    )
    assert site_links(made) == {"nvidia": "pypi/cudnn/1.0/nvidia", "torch": "pypi/torch/1.0/torch"}


def test_a_library_may_look_for_another_wheels_in_the_prefix() -> None:
    made = plan(
        wheel("mkl", data=["lib/libmkl.so.2"]),
        wheel("mkl-service", "mkl/__init__.py", "mkl/_s.so", origins={"mkl/_s.so": ("../..",)}),
    )
    assert site_links(made) == {
        "mkl/__init__.py": "pypi/mkl-service/1.0/mkl/__init__.py",
        "mkl/_s.so": "pypi/mkl-service/1.0/mkl/_s.so",
    }
    assert VenvLink(TreePath("lib/libmkl.so.2"), "../../../../pypi/mkl/1.0/lib/libmkl.so.2") in made.entries


def test_compiled_files_follow_the_modules_that_are_linked_one_by_one() -> None:
    made = plan(
        wheel("six", "six.py", bytecode_tag="cpython-311"),
        wheel("pkg", "pkg/__init__.py", data=["share/plugin.py"], bytecode_tag="cpython-311"),
    )
    assert not [entry for entry in made.entries if "share/__pycache__" in entry.path]
    assert site_links(made) == {
        "six.py": "pypi/six/1.0/six.py",
        "__pycache__/six.cpython-311.pyc": "pypi/six/1.0/__pycache__/six.cpython-311.pyc",
        "pkg": "pypi/pkg/1.0/pkg",
    }


def test_import_roots_are_plain_path_lines_after_the_runfiles_root() -> None:
    made = plan(first_party=("_main", "_main/libs/cache/src", "other_repo", "_main"))
    assert content(made, f"{SITE}/server.pth") == (
        f"{UP[:-1]}\n../../../../..\n../../../../../libs/cache/src\n{UP}other_repo\n"
    )


def test_an_import_root_that_a_path_line_cannot_hold_is_refused() -> None:
    with pytest.raises(UnwritableImportRoot, match="path file"):
        plan(first_party=("_main/x\nimport os",))


def test_plain_lines_of_path_files_are_kept_and_programs_are_left_out() -> None:
    made = plan(
        wheel(
            "cmeel",
            "cmeel.pth",
            "cmeel.prefix/lib/x.py",
            path_files={"cmeel.pth": "# comment\ncmeel.prefix/lib\n../../../../../etc\n/abs\nimport os; os.abort()\n"},
        ),
        wheel("odd", "odd.pth"),
    )
    assert content(made, f"{SITE}/server.pth") == f"{UP[:-1]}\ncmeel.prefix/lib\n"
    assert "cmeel.pth" not in site_links(made)
    assert [note.partition(":")[0] for note in made.notes] == [
        "`odd.pth` of odd 1.0 is left out",
        "`cmeel.pth` of cmeel 1.0 is not carried over",
    ]
    assert "3 of its lines" in made.notes[1]


def test_known_programs_of_path_files_are_said_plainly() -> None:
    made = plan(
        wheel("cmeel", "cmeel.pth", path_files={"cmeel.pth": "import cmeel_pth\n"}),
        wheel("pastedeploy", "PasteDeploy-nspkg.pth", "paste/x.py", path_files={"PasteDeploy-nspkg.pth": "import sys"}),
    )
    assert content(made, f"{SITE}/server.pth") == f"{UP[:-1]}\ncmeel.prefix/lib/python3.11/site-packages\n"
    assert made.notes == ()


def test_scripts_are_returned_as_facts_and_programs_are_linked() -> None:
    made = plan(
        wheel(
            "tool",
            "tool.py",
            entry_points=[ScriptEntryPoint("tool", "tool", "main")],
            scripts=[
                InstalledScript("tool.sh", "bin/tool.sh"),
                InstalledScript("tool-old", "bin/tool-old", has_python_shebang=True),
            ],
        )
    )
    bin_entries = [e for e in made.entries if e.path.startswith("bin/tool")]
    assert bin_entries == [
        VenvScript(TreePath("bin/tool"), ScriptEntryPoint("tool", "tool", "main")),
        VenvScript(
            TreePath("bin/tool-old"),
            InstalledScript("tool-old", "bin/tool-old", has_python_shebang=True),
            TreePath("pypi/tool/1.0/bin/tool-old"),
        ),
        VenvLink(TreePath("bin/tool.sh"), "../../../../pypi/tool/1.0/bin/tool.sh"),
    ]


@pytest.mark.parametrize("name", ["python", "python3.11", "activate", "Activate.PS1", "../evil", ".."])
def test_a_script_cannot_take_the_place_of_the_venvs_own_files(name: str) -> None:
    made = plan(wheel("evil", "evil.py", entry_points=[ScriptEntryPoint(name, "evil", "main")]))
    assert not [e for e in made.entries if isinstance(e, VenvScript)]
    assert len(made.notes) == 1
    assert "evil 1.0" in made.notes[0]


def test_data_files_are_linked_below_the_prefix_and_the_venvs_own_names_are_kept() -> None:
    made = plan(
        wheel("jupyter", data=["share/jupyter/a.json", "etc/jupyter/b.json", "bin/helper", "include/x.h"]),
        wheel("lab", data=["share/jupyter/lab/c.json", "pyvenv.cfg", "bin/python", f"{SITE}/sneaky.py"]),
    )
    links = {e.path: e.text for e in made.entries if isinstance(e, VenvLink) and "pypi" in e.text}
    assert {path: text.replace("../", "") for path, text in links.items() if "dist-info" not in path} == {
        "share/jupyter/a.json": "pypi/jupyter/1.0/share/jupyter/a.json",
        "share/jupyter/lab": "pypi/lab/1.0/share/jupyter/lab",
        "etc": "pypi/jupyter/1.0/etc",
        "include": "pypi/jupyter/1.0/include",
        "bin/helper": "pypi/jupyter/1.0/bin/helper",
    }
    assert [note.partition(" of lab 1.0 is left out")[0] for note in made.notes] == [
        f"the data file `{path}`" for path in ("bin/python", SITE, "pyvenv.cfg")
    ]


def test_a_data_file_cannot_be_a_directory_of_the_venv() -> None:
    made = plan(wheel("evil", data=["bin", "lib"]), wheel("tool", data=["lib/x.so"]))
    links = [entry.path for entry in made.entries if isinstance(entry, VenvLink) and "dist-info" not in entry.path]
    assert links == ["bin/python", "bin/python3", "bin/python3.11", "lib/x.so"]
    assert len(made.notes) == 2


def test_a_file_stays_a_file_where_another_wheel_has_a_directory_that_must_be_real() -> None:
    made = plan(
        wheel("one", "a/lib.so", origins={"a/lib.so": ("b",)}),
        wheel("two", "b/lib.so"),
        wheel("three", "a"),
        policy=CollisionPolicy.WARNING,
    )
    assert site_links(made) == {"a": "pypi/three/1.0/a", "b": "pypi/two/1.0/b"}
    assert len(made.warnings) == 1


def test_first_party_distributions_have_metadata_and_programs() -> None:
    member = FirstPartyDistribution("My.App", "2.0", (("console_scripts", (("my-app", "my_app.cli:main"),)),))
    made = plan(members=(member,))
    assert content(made, f"{SITE}/my_app-2.0.dist-info/METADATA") == (
        "Metadata-Version: 2.1\nName: My.App\nVersion: 2.0\n"
    )
    assert content(made, f"{SITE}/my_app-2.0.dist-info/entry_points.txt") == (
        "[console_scripts]\nmy-app = my_app.cli:main\n"
    )
    assert VenvScript(TreePath("bin/my-app"), ScriptEntryPoint("my-app", "my_app.cli", "main")) in made.entries


def test_a_first_party_distribution_is_found_instead_of_a_wheel_of_its_name() -> None:
    member = FirstPartyDistribution("Ours", "1.0")
    made = plan(
        wheel("ours", "ours.py"),
        wheel("ours", "ours.py", version="2.0"),
        members=(member,),
        policy=CollisionPolicy.IGNORE,
    )
    metadata = [entry.path for entry in made.entries if "dist-info" in entry.path]
    assert metadata == [f"{SITE}/ours-1.0.dist-info/{name}" for name in ("INSTALLER", "METADATA", "WHEEL")]
    assert site_links(made) == {"ours.py": "pypi/ours/2.0/ours.py"}


def test_a_wheel_cannot_take_the_place_of_the_path_file() -> None:
    made = plan(wheel("evil", "server.pth/x.py"))
    assert content(made, f"{SITE}/server.pth") == f"{UP[:-1]}\n"
    assert site_links(made) == {}


def test_all_collisions_are_reported_at_once_with_their_owners() -> None:
    member = FirstPartyDistribution("ours", "1.0")
    with pytest.raises(CollidingWheels) as caught:
        plan(
            wheel("opencv", "cv2/__init__.py", "cv2/a.so", "six.py", data=["share/x"]),
            wheel("opencv-headless", "cv2/__init__.py", "cv2/a.so", "cv2/b.so", data=["share/x"]),
            wheel("one", "ns/mod/__init__.py", entry_points=[ScriptEntryPoint("tool", "one", "main")]),
            wheel("two", "ns/mod/__init__.py", "six.py", entry_points=[ScriptEntryPoint("tool", "two", "main")]),
            wheel("qt", "qt/__init__.py", "qt/core.py", "qt/core.pyi"),
            wheel("qt-more", "qt/core.py", "qt/core.pyi", "qt/more.py"),
            wheel("ours", "ours.py"),
            members=(member,),
        )
    assert [(c.kind, c.name, c.files) for c in caught.value.collisions] == [
        (CollisionKind.SCRIPT, "tool", 1),
        (CollisionKind.DATA_FILE, "share/x", 1),
        (CollisionKind.METADATA, "ours", 1),
        (CollisionKind.FILE, "qt/core.py", 2),
        (CollisionKind.NAMESPACE_ENTRY, "ns/mod", 1),
        (CollisionKind.TOP_LEVEL, "cv2", 2),
        (CollisionKind.TOP_LEVEL, "six.py", 1),
    ]
    assert (
        "  top-level name `cv2` (2 files):\n"
        f"    opencv-headless 1.0 (pypi/opencv-headless/1.0/{SITE}), required by //libs:opencv-headless\n"
        f"    opencv 1.0 (pypi/opencv/1.0/{SITE}), required by //libs:opencv\n"
    ) in str(caught.value)
    assert "  file `qt/core.py` and 1 more:\n    qt-more 1.0" in str(caught.value)


@pytest.mark.parametrize(("precedence", "winner"), [(Precedence.LAST_WINS, "two"), (Precedence.FIRST_WINS, "one")])
def test_a_collision_that_is_let_pass_is_decided_by_precedence(precedence: Precedence, winner: str) -> None:
    wheels = wheel("one", "x.py", "one.py"), wheel("two", "x.py", "two.py")
    made = plan(*wheels, policy=CollisionPolicy.WARNING, precedence=precedence)
    assert site_links(made)["x.py"] == f"pypi/{winner}/1.0/x.py"
    assert {"one.py", "two.py"} <= site_links(made).keys()
    [warning] = made.warnings
    assert "`x.py`" in warning
    assert plan(*wheels, policy=CollisionPolicy.IGNORE).warnings == ()


def test_the_same_content_twice_is_no_collision() -> None:
    made = plan(
        wheel("a", "p/__init__.py", "p/a.py", identities={"p/__init__.py": "empty"}),
        wheel("b", "p/__init__.py", "p/b.py", identities={"p/__init__.py": "empty"}),
    )
    assert site_links(made)["p/__init__.py"] == "pypi/b/1.0/p/__init__.py"


def test_metadata_that_several_wheels_bring_is_named_as_such() -> None:
    with pytest.raises(CollidingWheels) as caught:
        plan(wheel("one", "shared.dist-info/RECORD"), wheel("two", "shared.dist-info/RECORD"))
    assert [(c.kind, c.name) for c in caught.value.collisions] == [(CollisionKind.METADATA, "shared.dist-info")]


def test_within_legacy_namespaces_packages_collide_and_not_the_namespace() -> None:
    one, two = (wheel(name, "zope/__init__.py", "zope/a/__init__.py", legacy_namespaces=["zope"]) for name in "xy")
    with pytest.raises(CollidingWheels) as caught:
        plan(one, two)
    assert [(c.kind, c.name) for c in caught.value.collisions] == [(CollisionKind.NAMESPACE_ENTRY, "zope/a")]


def test_a_wheel_reached_twice_is_no_collision() -> None:
    six = wheel("six", "six.py")
    assert plan(six, six, wheel("six", "six.py")) == plan(six)


def test_two_versions_of_one_distribution_are_their_own_error() -> None:
    old, new = wheel("redis", "redis/__init__.py", version="4.0"), wheel("redis", "redis/__init__.py", version="5.0")
    with pytest.raises(SeveralVersions) as caught:
        plan(old, new)
    assert str(caught.value) == (
        "a venv holds one version of a distribution, but deps lead to several:\n"
        "  redis:\n"
        f"    redis 5.0 (pypi/redis/5.0/{SITE}), required by //libs:redis\n"
        f"    redis 4.0 (pypi/redis/4.0/{SITE}), required by //libs:redis\n"
        "\nhint: let all targets of the venv depend on one version, or put them into venvs of their own"
    )
    made = plan(old, new, policy=CollisionPolicy.WARNING, precedence=Precedence.FIRST_WINS)
    assert site_links(made) == {"redis": "pypi/redis/4.0/redis"}
    assert len(made.warnings) == 1


def test_versions_and_collisions_are_reported_together() -> None:
    with pytest.raises(SeveralErrors) as caught:
        plan(wheel("a", "a.py"), wheel("a", "a.py", version="2"), wheel("b", "a.py"))
    assert [type(error) for error in caught.value.errors] == [SeveralVersions, CollidingWheels]


def test_entries_are_sorted_and_unique() -> None:
    paths = [entry.path for entry in plan(wheel("b", "b.py", "a/x.py"), wheel("c", "a/y.py")).entries]
    assert paths == sorted(set(paths))


def test_a_venv_at_an_absolute_path_links_wheels_of_the_machine_as_they_are() -> None:
    made = plan(wheel("six", "six.py", root="/store/pypi"), directory="/ws/.venv", first_party=("/ws/libs",))
    assert content(made, f"{SITE}/venv.pth") == "/ws/libs\n"
    assert VenvLink(TreePath(f"{SITE}/six.py"), f"/store/pypi/six/1.0/{SITE}/six.py") in made.entries
