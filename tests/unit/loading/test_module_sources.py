from __future__ import annotations

from pathlib import Path

import pytest

from venvship.errors import Place, UserError
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.disk_files import DiskFiles
from venvship.loading.module_sources import ModuleSources, NoModuleThere, UnsupportedOverride
from venvship.loading.package_loader import PackageLoader
from venvship.loading.repositories import KnownRepositories
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import RuleTarget
from venvship.memo.computation import Memo
from venvship.model.label import PackageId
from venvship.modules.module_graph import build_module_graph

RULES = {
    "alias": RuleClass("alias", (AttributeSpec("actual", AttributeType.LABEL, mandatory=True),)),
    "constraint_setting": RuleClass("constraint_setting"),
    "constraint_value": RuleClass("constraint_value", (AttributeSpec("constraint_setting", AttributeType.LABEL),)),
}


class Workspace:
    """A workspace on the disk with the modules that are built in."""

    def __init__(self, root: Path, files: dict[str, str]) -> None:
        for path, text in files.items():
            (root / path).parent.mkdir(parents=True, exist_ok=True)
            (root / path).write_text(text)
        self.sources = ModuleSources(str(root), DiskFiles())
        self.graph = build_module_graph(self.sources)
        self.printed: list[str] = []
        self.loader = PackageLoader(
            repositories=KnownRepositories(self.sources.repositories(self.graph)),
            files=DiskFiles(),
            memo=Memo(),
            rule_classes=RULES,
            print_handler=self._print,
        )

    def _print(self, text: str, place: Place) -> None:
        self.printed.append(text)


def test_a_workspace_may_be_marked_by_an_empty_workspace_file(tmp_path: Path) -> None:
    workspace = Workspace(tmp_path, {"WORKSPACE": "", "p/BUILD": 'constraint_setting(name = "a")'})
    assert list(workspace.loader.load(PackageId("", "p")).targets) == ["a"]


def test_platforms_name_systems_and_processors(tmp_path: Path) -> None:
    loader = Workspace(tmp_path, {"MODULE.bazel": 'bazel_dep(name = "platforms", version = "0.0.11")'}).loader
    system = loader.load(PackageId("platforms", "os")).targets
    processor = loader.load(PackageId("platforms", "cpu")).targets
    assert {"os", "linux", "macos", "windows", "osx"} <= set(system)
    assert {"cpu", "x86_64", "aarch64", "arm64"} <= set(processor)
    linux = system["linux"]
    assert isinstance(linux, RuleTarget)
    assert str(linux.value("constraint_setting")) == "@@platforms//os:os"
    assert str(linux.visibility) == "[//visibility:public]"


def test_every_package_of_the_modules_written_here_loads(tmp_path: Path) -> None:
    text = 'bazel_dep(name = "platforms")\nbazel_dep(name = "bazel_skylib")'
    loader = Workspace(tmp_path, {"MODULE.bazel": text}).loader
    for module in ("platforms", "bazel_skylib"):
        packages = loader.packages_below(module)
        assert packages
        for package in packages:
            loader.load(package)


def run(tmp_path: Path, imports: str, statements: str) -> list[str]:
    """What a macro file prints that uses libraries of `bazel_skylib`."""
    workspace = Workspace(
        tmp_path,
        {
            "MODULE.bazel": 'bazel_dep(name = "bazel_skylib", version = "1.7.1")',
            "BUILD": 'load(":x.bzl", "main")\nmain()',
            "x.bzl": f'load("@bazel_skylib//:lib.bzl", {imports})\n\ndef main():\n'
            + "".join(f"    {line}\n" for line in statements.splitlines()),
        },
    )
    workspace.loader.load(PackageId("", ""))
    return workspace.printed


def test_paths_of_skylib(tmp_path: Path) -> None:
    printed = run(
        tmp_path,
        '"paths"',
        """\
print([paths.basename(p) for p in ["a/b", "a", "a/", "/"]])
print([paths.dirname(p) for p in ["a/b", "a", "/a", "//a", "a/b/c"]])
print(paths.join("a", "b", "/c", "d"), paths.join("", "a"), paths.join("a/", "b"), paths.join("a", "", "b"))
print([paths.normalize(p) for p in ["a//b/./c/../d", "", "/..", "..", "a/..", "//a", "///a", "../../x", "/a/"]])
print([paths.is_normalized(p) for p in ["a/b", "a/../b", "./a", "a/..b", "..", "."]])
print(paths.is_normalized("./a", look_for_same_level_references = False))
print(paths.relativize("a/b/c", "a"), paths.relativize("a/b", "."), paths.is_absolute("/a"), paths.is_absolute("a"))
print([paths.split_extension(p) for p in ["a/b.tar.gz", "a.b/c", ".bashrc", "x.", "a/.b.c"]])
print(paths.replace_extension("a/b.c", ".d"), paths.starts_with("a/b/c", "a/b"), paths.starts_with("a/bc", "a/b"))""",
    )
    assert printed == [
        '["b", "a", "", ""]',
        '["a", "", "/", "/", "a/b"]',
        "/c/d a a/b a/b",
        '["a/b/d", ".", "/", "..", ".", "//a", "/a", "../../x", "/a"]',
        "[True, False, False, True, False, False]",
        "True",
        "b/c a/b True False",
        '[("a/b.tar", ".gz"), ("a.b/c", ""), (".bashrc", ""), ("x", "."), ("a/.b", ".c")]',
        "a/b.d True False",
    ]


def test_dictionaries_collections_and_types_of_skylib(tmp_path: Path) -> None:
    printed = run(
        tmp_path,
        '"collections", "dicts", "partial", "shell", "structs", "types", "versions"',
        """\
print(dicts.add({"a": 1}, {"b": 2, "a": 3}, c = 4), dicts.omit({"a": 1, "b": 2}, ["a"]))
print(dicts.pick({"a": 1}, ["a", "z"]))
print(collections.before_each("-f", ["a", "b"]), collections.after_each(",", ["a"]), collections.uniq(["b", "a", "b"]))
print(types.is_list([]), types.is_dict([]), types.is_depset(depset()), types.is_function(main), types.is_none(None))
print(shell.quote("it's"), shell.array_literal(["a b", 1]), structs.to_dict(struct(x = 1)))
print(partial.call(partial.make(lambda a, b, c = 0: (a, b, c), 1, c = 3), 2), partial.is_instance(partial.make(main)))
print(versions.is_at_least("7.0.0", versions.get()), versions.is_at_most("1.0", "7.0.0"))
print(versions.parse("8.1.0-rc1"))""",
    )
    assert printed == [
        '{"a": 3, "b": 2, "c": 4} {"b": 2}',
        '{"a": 1}',
        '["-f", "a", "-f", "b"] ["a", ","] ["b", "a"]',
        "True False True True True",
        "'it'\\''s' ('a b' '1') {\"x\": 1}",
        "(1, 2, 3) True",
        "True False",
        "(8, 1, 0)",
    ]


def test_selects_of_skylib_name_several_conditions(tmp_path: Path) -> None:
    printed = run(
        tmp_path,
        '"selects"',
        """\
print(selects.with_or({(":a", ":b"): ["x"], "//conditions:default": []}))
selects.config_setting_group(name = "both", match_all = [":a", ":b", ":c"])
print([(name, rule["actual"]) for name, rule in native.existing_rules().items()])""",
    )
    assert printed == [
        'select({":a": ["x"], ":b": ["x"], "//conditions:default": []})',
        '[("both", select({":a": ":both_1", "//conditions:default": ":a"})), '
        '("both_1", select({":b": ":c", "//conditions:default": ":b"}))]',
    ]


def test_a_directory_replaces_a_module(tmp_path: Path) -> None:
    text = 'bazel_dep(name = "rules", repo_name = "r")\nlocal_path_override(module_name = "rules", path = "../theirs")'
    workspace = Workspace(
        tmp_path / "ws",
        {
            "MODULE.bazel": text,
            "BUILD": 'load("@r//:defs.bzl", "X")\nprint(X)',
            "../theirs/MODULE.bazel": 'module(name = "rules")',
            "../theirs/BUILD": "",
            "../theirs/defs.bzl": 'X = Label(":here")',
        },
    )
    workspace.loader.load(PackageId("", ""))
    assert workspace.printed == ["@@rules//:here"]


@pytest.mark.parametrize(
    ("override", "error"),
    [
        ('local_path_override(module_name = "rules", path = "gone")', NoModuleThere),
        ('git_override(module_name = "rules", remote = "r", commit = "c")', UnsupportedOverride),
    ],
)
def test_an_override_that_leads_nowhere_is_refused(tmp_path: Path, override: str, error: type[UserError]) -> None:
    with pytest.raises(error) as caught:
        Workspace(tmp_path, {"MODULE.bazel": f'bazel_dep(name = "rules")\n{override}'})
    assert caught.value.place is not None
    assert (caught.value.place.path, caught.value.place.line) == ("MODULE.bazel", 2)


def test_included_files_are_read_from_the_workspace(tmp_path: Path) -> None:
    workspace = Workspace(
        tmp_path,
        {
            "MODULE.bazel": 'include("//tools:deps.MODULE.bazel")',
            "tools/deps.MODULE.bazel": 'bazel_dep(name = "platforms")',
        },
    )
    assert "platforms" in workspace.graph.modules
