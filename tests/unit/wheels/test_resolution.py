from __future__ import annotations

from dataclasses import replace

import pytest

from venvship.model.platform import Platform, PythonVersion
from venvship.wheels.formats import Formats
from venvship.wheels.lock import EditableSource, GitSource, Lock, LockedSdist, LockedWheel, MalformedLock
from venvship.wheels.markers import MarkerEnvironment
from venvship.wheels.resolution import (
    ConflictingRoots,
    NoMatchingWheel,
    NotResolved,
    Requirer,
    Resolution,
    Root,
    Roots,
    UnknownRoot,
    UnsupportedTarget,
    resolve,
)
from venvship.wheels.tags import supported_tags
from venvship.wheels.uv_lock import parse_uv_lock

REGISTRY = '{ registry = "https://packages.example/simple" }'


def package(name: str, *lines: str, version: str = "1", source: str = REGISTRY) -> str:
    return "\n".join(["[[package]]", f'name = "{name}"', f'version = "{version}"', f"source = {source}", *lines, ""])


def needs(*names: str) -> str:
    return f"dependencies = [{', '.join(names)}]"


def dep(name: str, marker: str = "", extra: str = "", version: str = "") -> str:
    fields = [f'name = "{name}"']
    fields += [f'version = "{version}"'] if version else []
    fields += [f'extra = ["{extra}"]'] if extra else []
    fields += [f'marker = "{marker}"'] if marker else []
    return "{ " + ", ".join(fields) + " }"


def wheels(name: str, *tags: str, version: str = "1") -> str:
    return "wheels = [" + ", ".join(f'{{ url = "https://x.example/{name}-{version}-{tag}.whl" }}' for tag in tags) + "]"


def lock_of(*packages: str, top: str = "") -> Lock:
    return parse_uv_lock(("version = 1\n" + top + "\n" + "\n".join(packages)).encode(), filename="uv.lock")


def resolved(
    lock: Lock, *roots: Root, platform: str = "linux_x86_64", python: str = "3.11.7", choice: Roots | None = None
) -> Resolution:
    target = Platform.parse(platform)
    return resolve(
        lock,
        roots=choice or Roots(roots or (Root("app"),)),
        environment=MarkerEnvironment.of(target, python),
        tags=supported_tags(target, PythonVersion.parse(python.partition("rc")[0])),
    )


def versions(resolution: Resolution) -> dict[str, str | None]:
    return {name: node.version for name, node in resolution.distributions.items()}


VIRTUAL = '{ virtual = "." }'


def test_edges_count_only_when_their_marker_holds() -> None:
    lock = lock_of(
        package(
            "app",
            needs(dep("a"), dep("b", "sys_platform == 'win32'"), dep("c", "python_version < '3.12'")),
            source=VIRTUAL,
        ),
        package("a"),
        package("b"),
        package("c"),
    )
    assert set(versions(resolved(lock))) == {"app", "a", "c"}
    assert set(versions(resolved(lock, python="3.12.1"))) == {"app", "a"}


def test_a_fork_gives_each_platform_its_version() -> None:
    lock = lock_of(
        package(
            "app",
            needs(dep("a", "sys_platform == 'linux'", version="2"), dep("a", "sys_platform != 'linux'", version="1")),
            source=VIRTUAL,
        ),
        package("a"),
        package("a", version="2"),
    )
    assert versions(resolved(lock))["a"] == "2"
    assert versions(resolved(lock, platform="macos_arm64"))["a"] == "1"


def test_an_extra_brings_its_own_dependencies_and_those_of_the_package() -> None:
    lock = lock_of(
        package("app", needs(dep("a", extra="x")), source=VIRTUAL),
        package(
            "a", needs(dep("base")), "[package.optional-dependencies]", f"x = [{dep('more')}]", f"y = [{dep('other')}]"
        ),
        package("base"),
        package("more"),
        package("other"),
    )
    resolution = resolved(lock)
    assert set(versions(resolution)) == {"app", "a", "base", "more"}
    assert resolution.distribution("a").extras == ("x",)
    assert resolution.distribution("a").dependencies == ("base", "more")
    assert resolution.distribution("more").required_by == (Requirer("a", extra="x"),)


def test_groups_are_followed_by_choice_and_told_apart_from_dependencies() -> None:
    lock = lock_of(
        package("app", needs(dep("a")), "[package.dev-dependencies]", f"test = [{dep('pytest')}]", source=VIRTUAL),
        package("a"),
        package("pytest"),
    )
    with_group = resolved(lock, Root("app", groups=("test",)))
    assert with_group.groups == {("app", "test"): ("pytest",)}
    assert with_group.distribution("app").dependencies == ("a",)
    assert set(versions(resolved(lock, Root("app", groups=("test",), project=False)))) == {"pytest"}
    assert set(versions(resolved(lock))) == {"app", "a"}


CONFLICTED = lock_of(
    package(
        "app",
        "[package.optional-dependencies]",
        f"cpu = [{dep('torch', version='1')}, {dep('shared')}]",
        f"cuda = [{dep('torch', version='2')}, {dep('shared')}]",
        f"docs = [{dep('sphinx')}]",
        source=VIRTUAL,
    ),
    package(
        "shared",
        needs(
            dep("torch", "extra == 'extra-3-app-cpu'", version="1"),
            dep("torch", "extra == 'extra-3-app-cuda' and extra != 'extra-3-app-cpu'", version="2"),
        ),
    ),
    package("torch"),
    package("torch", version="2"),
    package("sphinx"),
    top='conflicts = [[{ package = "app", extra = "cpu" }, { package = "app", extra = "cuda" }]]',
)


def test_conflict_markers_ask_for_what_is_active() -> None:
    assert versions(resolved(CONFLICTED, Root("app", extras=("cpu",))))["torch"] == "1"
    assert versions(resolved(CONFLICTED, Root("app", extras=("cuda",))))["torch"] == "2"


def test_conflicting_choices_are_refused_together() -> None:
    with pytest.raises(ConflictingRoots) as caught:
        resolved(CONFLICTED, Root("app", extras=("cpu", "cuda")))
    assert "extra `cpu` of `app` and extra `cuda` of `app`" in str(caught.value)


def test_everything_leaves_out_what_a_conflict_set_names() -> None:
    assert Roots.everything(CONFLICTED).members == (Root("app", extras=("docs",)),)


def test_an_extra_that_an_edge_names_activates_conflict_markers_of_edges_seen_before() -> None:
    lock = lock_of(
        package("app", needs(dep("early"), dep("lib", extra="gpu")), source=VIRTUAL),
        package("early", needs(dep("late", "extra == 'extra-3-lib-gpu'"))),
        package("lib", "[package.optional-dependencies]", "gpu = []"),
        package("late"),
    )
    assert "late" in versions(resolved(lock))


def test_a_cycle_is_one_component_and_others_come_before_who_needs_them() -> None:
    lock = lock_of(
        package("app", needs(dep("a")), source=VIRTUAL),
        package("a", needs(dep("b"))),
        package("b", needs(dep("a"), dep("c"))),
        package("c"),
    )
    resolution = resolved(lock)
    assert resolution.components == (("c",), ("a", "b"), ("app",))
    assert resolution.closure(["b"]) == ("a", "b", "c")


def test_the_path_to_a_distribution_starts_at_a_root() -> None:
    lock = lock_of(
        package("app", needs(dep("a")), "[package.dev-dependencies]", f"dev = [{dep('d')}]", source=VIRTUAL),
        package("a", needs(dep("b"))),
        package("b"),
        package("d", needs(dep("e"))),
        package("e"),
    )
    resolution = resolved(lock, Root("app", groups=("dev",)))
    assert [str(step) for step in resolution.path_to("b")] == ["app", "a"]
    assert [str(step) for step in resolution.path_to("e")] == ["app (group dev)", "d"]
    assert resolution.path_to("app") == ()


def test_the_best_wheel_wins_and_then_the_highest_build() -> None:
    lock = lock_of(
        package("app", needs(dep("a"), dep("b")), source=VIRTUAL),
        package("a", wheels("a", "py3-none-any", "cp311-cp311-manylinux_2_17_x86_64", "cp311-cp311-win_amd64")),
        package("b", wheels("b", "2-py3-none-any", "10-py3-none-any", "py3-none-any")),
    )
    resolution = resolved(lock)
    chosen = [resolution.wheel_of(name) for name in ("a", "b")]
    assert [str(w.filename) for w in chosen if isinstance(w, LockedWheel)] == [
        "a-1-cp311-cp311-manylinux_2_17_x86_64.whl",
        "b-1-10-py3-none-any.whl",
    ]


def test_a_source_archive_serves_where_no_wheel_fits_and_local_sources_are_themselves() -> None:
    git = f'{{ git = "https://git.example/g#{"a" * 40}" }}'
    lock = lock_of(
        package("app", needs(dep("a"), dep("g")), source='{ editable = "." }'),
        package("a", wheels("a", "cp39-cp39-win32"), 'sdist = { url = "https://x.example/a-1.tar.gz" }'),
        package("g", source=git),
    )
    resolution = resolved(lock)
    assert isinstance(resolution.wheel_of("a"), LockedSdist)
    assert isinstance(resolution.wheel_of("g"), GitSource)
    assert resolution.wheel_of("app") == EditableSource(".")


def test_a_package_without_a_fitting_file_is_refused_only_when_it_is_asked_for() -> None:
    lock = lock_of(
        package("app", needs(dep("a"), dep("b")), source=VIRTUAL),
        package("a", wheels("a", "cp311-cp311-win_amd64", "cp39-cp39-manylinux_2_17_x86_64")),
        package("b"),
    )
    resolution = resolved(lock)
    with pytest.raises(NoMatchingWheel) as caught:
        resolution.wheel_of("a")
    assert str(caught.value) == (
        "uv.lock: `a 1` can't be installed: none of its files fits:\n"
        "  a-1-cp311-cp311-win_amd64.whl: is built for win_amd64, the target is linux_x86_64 with glibc 2.36\n"
        "  a-1-cp39-cp39-manylinux_2_17_x86_64.whl: is built for Python cp39 with ABI cp39, the target is cp311\n"
        "  required by app\n"
        "\n"
        "hint: lock a version that has a wheel for the target or a source archive"
    )
    with pytest.raises(NoMatchingWheel, match="the lock file has no file for it"):
        resolution.wheel_of("b")


def test_a_name_that_is_not_needed_is_refused() -> None:
    lock = lock_of(package("app", source=VIRTUAL), package("a"))
    with pytest.raises(NotResolved, match="`a` is not needed"):
        resolved(lock).wheel_of("a")


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (Root("lib"), "the lock file has no project `lib`"),
        (Root("app", extras=("x",)), "the lock file has no extra `x` of `app`"),
        (Root("app", groups=("g",)), "the lock file has no group `g` of `app`"),
    ],
)
def test_unknown_roots_are_refused_with_what_there_is(root: Root, reason: str) -> None:
    lock = lock_of(package("app", source=VIRTUAL))
    with pytest.raises(UnknownRoot, match=reason):
        resolved(lock, root)


@pytest.mark.parametrize(
    ("top", "reason"),
    [
        ('requires-python = ">=3.12"', "requires Python >=3.12, the target is Python 3.11.7"),
        ('requires-python = ">=3.11.8"', "the target is Python 3.11.7"),
        ("supported-markers = [\"sys_platform == 'darwin'\"]", "was not made for Python 3.11.7 on Linux x86_64"),
    ],
)
def test_a_target_that_was_not_locked_for_is_refused(top: str, reason: str) -> None:
    with pytest.raises(UnsupportedTarget, match=reason):
        resolved(lock_of(package("app", source=VIRTUAL), top=top))


def test_markers_that_lead_to_two_versions_are_refused() -> None:
    lock = lock_of(
        package("app", needs(dep("a", version="1"), dep("a", version="2")), source=VIRTUAL),
        package("a"),
        package("a", version="2"),
    )
    with pytest.raises(MalformedLock, match="lead to both `a 1` and `a 2`"):
        resolved(lock)


def test_a_lock_of_a_script_starts_at_its_requirements() -> None:
    lock = lock_of(package("a", needs(dep("b"))), package("b"), top='[manifest]\nrequirements = [{ name = "a" }]')
    assert set(versions(resolved(lock, choice=Roots.everything(lock)))) == {"a", "b"}


def test_a_chain_longer_than_the_stack_of_python_is_resolved() -> None:
    count = 3000
    lock = lock_of(
        package("app", needs(dep("p0")), source=VIRTUAL),
        *(package(f"p{n}", needs(dep(f"p{n + 1}"))) for n in range(count)),
        package(f"p{count}"),
    )
    resolution = resolved(lock)
    assert len(resolution.components) == count + 2
    assert len(resolution.path_to(f"p{count}")) == count + 1


def test_files_are_chosen_among_those_that_settings_allow() -> None:
    lock = lock_of(
        package("app", needs(dep("a"), dep("b")), source=VIRTUAL),
        package("a", wheels("a", "py3-none-any"), 'sdist = { url = "https://x.example/a-1.tar.gz" }'),
        package("b", wheels("b", "py3-none-any")),
    )
    built = resolved(replace(lock, formats=Formats(frozenset({"a", "b"}), frozenset(), "`pyproject.toml`")))
    assert isinstance(built.wheel_of("a"), LockedSdist)
    with pytest.raises(NoMatchingWheel, match=r"b-1-py3-none-any\.whl: `pyproject\.toml` allows no wheel of it"):
        built.wheel_of("b")
    neither = resolved(replace(lock, formats=Formats(frozenset({"a"}), frozenset({"a"}), "`pyproject.toml`")))
    with pytest.raises(NoMatchingWheel, match=r"a-1\.tar\.gz: `pyproject\.toml` does not let it be built"):
        neither.wheel_of("a")
    assert isinstance(neither.wheel_of("b"), LockedWheel)
