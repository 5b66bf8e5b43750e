"""Modules of registries: which versions are used."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from venvship.errors import EnvironmentProblem, UserError
from venvship.modules.module_evaluation import evaluate_module_file
from venvship.modules.module_file import LocalPathOverride, ModuleFile
from venvship.modules.module_graph import ModuleGraph, build_module_graph
from venvship.modules.module_sources import BuiltinSource, ModuleSource, RegistrySource, RootSource, UnknownModule
from venvship.modules.version_selection import (
    IncompatibleVersions,
    UnsuitableVersion,
)

Index = Mapping[str, str]
"""The text of `MODULE.bazel` by `name@version`; the module() call is added."""


class RegistryModules:
    """A root module, and registries by address."""

    def __init__(self, root: str, indexes: Mapping[str, Index], yanked: Mapping[str, str], builtin: str) -> None:
        self._root = root
        self._indexes = indexes
        self._yanked = yanked
        self._builtin = builtin

    def builtin_names(self) -> frozenset[str]:
        return frozenset({self._builtin} if self._builtin else ())

    def registries(self) -> tuple[str, ...]:
        return tuple(name for name in self._indexes if name != "private")

    def holds(self, registry: str, name: str, version: str) -> bool:
        return f"{name}@{version}" in self._indexes[registry]

    def yanked(self, source: RegistrySource) -> str | None:
        return self._yanked.get(f"{source.name}@{source.version}")

    def module_file(self, source: ModuleSource, name: str) -> ModuleFile:
        match source:
            case RootSource():
                text = self._root
            case RegistrySource(version=version, registry=registry):
                said = self._indexes[registry][f"{name}@{version}"]
                text = said if "module(" in said else f'module(name = "{name}", version = "{version}")\n{said}'
            case BuiltinSource():
                text = f'module(name = "{name}", version = "77")'
            case LocalPathOverride():
                text = f'module(name = "{name}")'
            case _:
                raise AssertionError(source)
        return evaluate_module_file(text.encode(), filename=f"@{name}/MODULE.bazel")


def graph(
    root: str,
    index: Index,
    *,
    private: Index | None = None,
    yanked: Mapping[str, str] | None = None,
    allowed_yanked: Iterable[str] = (),
    builtin: str = "",
) -> ModuleGraph:
    indexes = {"first": index, "private": private or {}}
    return build_module_graph(RegistryModules(root, indexes, yanked or {}, builtin), allowed_yanked=allowed_yanked)


def versions(result: ModuleGraph) -> dict[str, str]:
    return {name: module.file.version for name, module in result.modules.items() if name}


def dep(name: str, version: str = "", rest: str = "") -> str:
    return f'bazel_dep(name = "{name}", version = "{version}"{rest})\n'


class SilentRegistry(RegistryModules):
    """The registry of which somebody asks is out of reach."""

    asked = 0

    def holds(self, registry: str, name: str, version: str) -> bool:
        self.asked += 1
        raise EnvironmentProblem("no route to host")


def test_a_registry_that_gives_no_answer_is_asked_once_and_its_modules_are_absent() -> None:
    files = SilentRegistry(dep("a", "1") + dep("b", "2") + dep("c", "3"), {"first": {}}, {}, "b")
    result = build_module_graph(files)
    assert files.asked == 1
    absent = result.absence("a"), result.absence("b"), result.absence("c")
    assert [one is None for one in absent] == [False, True, False]
    assert absent[2] is not None and "module `c 3` can't be obtained" in absent[2].message
    assert "no route to host" in absent[2].message
    assert len(result.warnings) == 1 and "registry `first` gives no answer" in result.warnings[0]


def test_the_highest_version_that_is_asked_for_is_used() -> None:
    index = {"a@1": dep("c", "1.2"), "b@1": dep("c", "1.10"), "c@1.2": "", "c@1.10": "", "c@2": ""}
    assert versions(graph(dep("a", "1") + dep("b", "1"), index)) == {"a": "1", "b": "1", "c": "1.10"}


def test_what_only_an_unused_version_needs_is_left_out() -> None:
    index = {"a@1": dep("c", "2"), "c@1": dep("d", "1"), "c@2": "", "d@1": ""}
    assert versions(graph(dep("c", "1") + dep("a", "1"), index)) == {"a": "1", "c": "2"}


def test_a_version_that_an_unused_version_asks_for_counts() -> None:
    # As in Bazel: all versions that can be reached take part in the choice, also through those not chosen.
    index = {"a@1": dep("c", "1"), "c@1": dep("d", "9"), "c@2": dep("d", "1"), "d@1": "", "d@9": ""}
    assert versions(graph(dep("a", "1") + dep("c", "2"), index)) == {"a": "1", "c": "2", "d": "9"}


def test_one_version_can_be_forced() -> None:
    root = dep("a", "3") + 'single_version_override(module_name = "a", version = "1", patches = ["//:a.patch"])'
    result = graph(root, {"a@1": "", "a@3": ""})
    assert versions(result) == {"a": "1"}
    source = result.modules["a"].source
    assert isinstance(source, RegistrySource)
    assert source.changes is not None and source.changes.patches == ("//:a.patch",)


def test_a_module_may_come_from_a_registry_of_its_own() -> None:
    root = dep("a", "1") + dep("b", "1") + 'single_version_override(module_name = "a", registry = "private")'
    result = graph(root, {"a@1": dep("gone", "1"), "b@1": ""}, private={"a@1": ""})
    sources = [module.source for module in result.modules.values()]
    assert [one.registry for one in sources if isinstance(one, RegistrySource)] == ["private", "first"]


def test_built_in_modules_serve_any_version() -> None:
    assert versions(graph(dep("a", "999"), {"a@999": ""}, builtin="a")) == {"a": "77"}


def test_an_override_wins_over_every_version() -> None:
    root = dep("a", "5") + 'local_path_override(module_name = "a", path = "x")'
    assert versions(graph(root, {"a@5": ""})) == {"a": ""}


def test_a_version_that_no_registry_has_is_unknown() -> None:
    with pytest.raises(UnknownModule) as caught:
        graph(dep("a", "2"), {"a@1": ""})
    assert "module `a 2` is neither built in nor overridden, and in none of these registries:\n  first" in str(
        caught.value
    )


def test_a_dependency_on_a_registry_needs_a_version() -> None:
    with pytest.raises(UnsuitableVersion, match="`a` is needed without a version"):
        graph(dep("a"), {"a@1": ""})


def test_a_malformed_version_is_refused() -> None:
    with pytest.raises(UnsuitableVersion, match=r"`\.\./\.\./1` is not a version"):
        graph(dep("a", "../../1"), {})


def test_incompatible_versions_are_refused_with_who_needs_them() -> None:
    index = {
        "a@1": dep("c", "1"),
        "b@1": dep("c", "2"),
        "c@1": 'module(name = "c", version = "1", compatibility_level = 1)',
        "c@2": 'module(name = "c", version = "2", compatibility_level = 2)',
    }
    with pytest.raises(IncompatibleVersions) as caught:
        graph(dep("a", "1") + dep("b", "1"), index)
    assert "  module `a` needs 1 (compatibility level 1)\n  module `b` needs 2 (compatibility level 2)" in str(
        caught.value
    )
    fits = graph(dep("a", "1") + dep("b", "1"), {**index, "a@1": dep("c", "1", ", max_compatibility_level = 2")})
    assert versions(fits)["c"] == "2"


def test_a_withdrawn_version_is_refused_unless_it_is_allowed() -> None:
    with pytest.raises(UnsuitableVersion, match="version 1 of module `a` was withdrawn: it leaks"):
        graph(dep("a", "1"), {"a@1": ""}, yanked={"a@1": "it leaks"})
    for allowed in ("a@1", "all"):
        graph(dep("a", "1"), {"a@1": ""}, yanked={"a@1": "it leaks"}, allowed_yanked=[allowed])


def test_a_withdrawn_version_that_is_not_used_does_no_harm() -> None:
    index = {"a@1": "", "b@1": dep("a", "2"), "a@2": ""}
    assert versions(graph(dep("a", "1") + dep("b", "1"), index, yanked={"a@1": "x"})) == {"a": "2", "b": "1"}


def test_a_wish_counts_once_somebody_needs_the_module() -> None:
    root = dep("a", "1") + dep("c", "5", ", repo_name = None")
    assert versions(graph(root, {"a@1": dep("c", "1"), "c@1": "", "c@5": ""})) == {"a": "1", "c": "5"}
    assert versions(graph(root, {"a@1": "", "c@5": ""})) == {"a": "1"}


def beside(*names: str) -> str:
    shown = ", ".join(f'"{name}"' for name in names)
    return f'multiple_version_override(module_name = "c", versions = [{shown}])\n'


def test_several_versions_may_exist_side_by_side() -> None:
    root = dep("a", "1") + dep("b", "1") + dep("c", "3", ', repo_name = "newest"') + beside("2", "3")
    index = {"a@1": dep("c", "1"), "b@1": dep("c", "2.5"), "c@1": "", "c@2": "", "c@2.5": "", "c@3": dep("d", "1")}
    made = graph(root + dep("c", "2", ', repo_name = "older"'), {**index, "d@1": ""})
    assert versions(made) == {"a": "1", "b": "1", "c+2": "2", "c+3": "3", "d": "1"}
    assert {name: made.root.mapping[name] for name in ("newest", "older")} == {"newest": "c+3", "older": "c+2"}
    # The lowest version that is not lower than the wish.
    assert made.modules["a"].mapping["c"] == "c+2"
    assert made.modules["b"].mapping["c"] == "c+3"
    assert made.modules["c+2"].mapping["c"] == "c+2"


def test_versions_side_by_side_keep_to_their_compatibility_level() -> None:
    level = 'module(name = "c", version = "{}", compatibility_level = {})'.format
    root = dep("a", "1") + dep("c", "2", ', repo_name = "two"') + dep("c", "1.5", ', repo_name = "one"')
    index = {"a@1": dep("c", "1"), "c@1": level("1", 1), "c@1.5": level("1.5", 1), "c@2": level("2", 2)}
    made = graph(root + beside("1.5", "2"), index)
    assert made.modules["a"].mapping["c"] == "c+1.5"


@pytest.mark.parametrize(
    ("root", "reason"),
    [
        (dep("c", "3") + dep("c", "1", ', repo_name = "o"') + beside("1", "2"), "names version 2, which nobody needs"),
        (
            dep("c", "3", ', repo_name = "n"') + dep("c", "1") + dep("c", "2", ', repo_name = "o"') + beside("1", "2"),
            "needed in version 3 .* and multiple_version_override allows only 1, 2",
        ),
        (dep("c", "1") + beside("1"), "must name at least two versions"),
    ],
)
def test_versions_that_can_not_exist_side_by_side_are_told(root: str, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        graph(root, {"c@1": "", "c@2": "", "c@3": ""})


def test_one_name_means_one_version() -> None:
    root = dep("c", "1") + dep("c", "2") + beside("1", "2")
    with pytest.raises(UserError, match="repository name `c` is used for module `c` 2, but it already means"):
        graph(root, {"c@1": "", "c@2": ""})


def test_a_module_must_be_what_the_registry_calls_it() -> None:
    with pytest.raises(UserError, match="version 1 of module `a` in registry `first` leads to a module that calls"):
        graph(dep("a", "1"), {"a@1": 'module(name = "b", version = "1")'})


NAMES = "abcd"


@given(
    st.dictionaries(
        st.tuples(st.sampled_from(NAMES), st.integers(1, 4)),
        st.dictionaries(st.sampled_from(NAMES), st.integers(1, 4), max_size=3),
        max_size=16,
    ),
    st.dictionaries(st.sampled_from(NAMES), st.integers(1, 4), min_size=1),
)
def test_nobody_gets_less_than_what_it_asks_for(
    needs: dict[tuple[str, int], dict[str, int]], root: dict[str, int]
) -> None:
    every: dict[tuple[str, int], dict[str, int]] = {(name, version): {} for name in NAMES for version in range(1, 5)}
    every |= needs
    index = {
        f"{name}@{version}": "".join(dep(other, str(number)) for other, number in deps.items() if other != name)
        for (name, version), deps in every.items()
    }
    result = graph("".join(dep(name, str(version)) for name, version in root.items()), index)
    for module in result.modules.values():
        for wanted in module.file.deps:
            assert int(result.modules[wanted.name].file.version) >= int(wanted.version)
