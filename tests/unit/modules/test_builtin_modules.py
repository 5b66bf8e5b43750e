"""The modules that come with venvship and need none of its rules."""

from __future__ import annotations

import importlib.resources
from collections.abc import Mapping

from venvship.errors import Place
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.disk_files import DiskFiles
from venvship.loading.files import DirectoryEntry, EntryKind, MemoryFiles
from venvship.loading.package_loader import PackageLoader
from venvship.loading.repositories import KnownRepositories, Repository
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import RuleTarget
from venvship.memo.computation import Memo
from venvship.model.label import PackageId

BUILTIN = str(importlib.resources.files("venvship.modules").joinpath("builtin"))
RULES = {
    "alias": RuleClass("alias", (AttributeSpec("actual", AttributeType.LABEL, mandatory=True),)),
    "constraint_setting": RuleClass("constraint_setting"),
    "constraint_value": RuleClass("constraint_value", (AttributeSpec("constraint_setting", AttributeType.LABEL),)),
    "platform": RuleClass("platform", (AttributeSpec("constraint_values", AttributeType.LABEL_LIST),)),
}


class WorkspaceOnModules:
    """A workspace in memory beside built-in modules on the disk."""

    def __init__(self, files: Mapping[str, str]) -> None:
        self._memory = MemoryFiles({f"/w/{path}": text for path, text in files.items()})
        self._disk = DiskFiles()
        self.printed: list[str] = []
        names = {name: name for name in ("platforms", "bazel_skylib")}
        modules = [Repository(name, names, root=f"{BUILTIN}/{name}", is_builtin=True) for name in names]
        self.loader = PackageLoader(
            repositories=KnownRepositories([Repository("", {"": "", **names}, root="/w"), *modules]),
            files=self,
            memo=Memo(),
            rule_classes=RULES,
            print_handler=self._print,
        )

    def read(self, path: str) -> bytes | None:
        return self._at(path).read(path)

    def kind(self, path: str) -> EntryKind:
        return self._at(path).kind(path)

    def list_directory(self, path: str) -> tuple[DirectoryEntry, ...]:
        return self._at(path).list_directory(path)

    def real_path(self, path: str) -> str:
        return self._at(path).real_path(path)

    def _at(self, path: str) -> MemoryFiles | DiskFiles:
        return self._disk if path.startswith(BUILTIN) else self._memory

    def _print(self, text: str, place: Place) -> None:
        self.printed.append(text)


def test_platforms_name_systems_and_processors() -> None:
    loader = WorkspaceOnModules({}).loader
    system = loader.load(PackageId("platforms", "os")).targets
    processor = loader.load(PackageId("platforms", "cpu")).targets
    assert {"os", "linux", "macos", "windows", "osx"} <= set(system)
    assert {"cpu", "x86_64", "aarch64", "arm64"} <= set(processor)
    # Those of machines that nothing is built for are there as well, for other languages to name.
    assert {"qnx", "wasi", "nixos"} <= set(system) and {"armv6-m", "wasm64", "riscv32"} <= set(processor)
    linux = system["linux"]
    assert isinstance(linux, RuleTarget)
    assert str(linux.value("constraint_setting")) == "@@platforms//os:os"
    assert str(linux.visibility) == "[//visibility:public]"


def run(imports: str, statements: str) -> list[str]:
    """What a macro file prints that uses libraries of `bazel_skylib`."""
    lines = "".join(f"    {line}\n" for line in statements.splitlines())
    workspace = WorkspaceOnModules(
        {
            "BUILD": 'load(":x.bzl", "main")\nmain()',
            "x.bzl": f'load("@bazel_skylib//:lib.bzl", {imports})\n\ndef main():\n{lines}',
        }
    )
    workspace.loader.load(PackageId("", ""))
    return workspace.printed


def test_paths_of_skylib() -> None:
    printed = run(
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


def test_dictionaries_collections_and_types_of_skylib() -> None:
    printed = run(
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


def test_selects_of_skylib_name_several_conditions() -> None:
    printed = run(
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
