"""Changes a workspace at random and holds every incremental build against a clean one.

Sources, BUILD and .bzl files, the lock file, rc files, flags and their order, the environment, links, modes, names,
kinds of files and outputs change, often back to what they were, sometimes with their old times. Other commands run in
between, some at once, some are killed, and some run while files change. After each change the workspace is built where
it was built before, and from nothing in another output root. Exit code, errors, and every file, link and mode of the
outputs must be the same.

    .venv/bin/python tools/stress_incremental.py --rounds 500 --seed 1
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
ORIGIN = "https://packages.example/simple"

RULES = """
load("//lib:helpers.bzl", "decorated", "SUFFIX")
load("//lib:providers.bzl", "UnitInfo")

def _unit_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    below = "".join([dep[UnitInfo].word for dep in ctx.attr.deps if UnitInfo in dep])
    ctx.actions.write(out, decorated("unit %s <WORD> %s %s\\n" % (ctx.label, ctx.attr.more, below)))
    link = ctx.actions.declare_file(ctx.label.name + ".lnk")
    ctx.actions.symlink(output = link, target_file = ctx.files.srcs[0])
    raw = ctx.actions.declare_symlink(ctx.label.name + ".raw")
    ctx.actions.symlink(output = raw, target_path = "../nowhere/" + ctx.label.name)
    return [DefaultInfo(files = depset([out, link, raw])), UnitInfo(word = "<GIVEN>")]

def _shared_impl(target, ctx):
    return [OutputGroupInfo(shared = depset())] + ([] if UnitInfo in target else [UnitInfo(word = "<SEEN>")])

shared = aspect(implementation = _shared_impl, attr_aspects = ["deps"])

unit = rule(
    implementation = _unit_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = True),
        "deps": attr.label_list(<ASPECTS>),
        "more": attr.string(default = "<DEFAULT>"),
        "<ATTRIBUTE>": attr.string(),
    },
)

def _mode_impl(settings, attr):
    return {"//command_line_option:compilation_mode": "<MODE>"}

mode = transition(
    implementation = _mode_impl, inputs = [], outputs = ["//command_line_option:compilation_mode"],
)

def _moved_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".moved")
    ctx.actions.write(out, ctx.files.dep[0].path + SUFFIX)
    return [DefaultInfo(files = depset([out]))]

moved = rule(implementation = _moved_impl, attrs = {"dep": attr.label(cfg = mode)})
"""
HELPERS = """
<LOAD>
SUFFIX = "<SUFFIX>"
_WORDS = {"word": "<INNER>"}

def _inner(text):
    return text + _WORDS["word"]

def decorated(text):
    return "<DECORATION>" + _inner(text)

def unused(text):
    return "<UNUSED>"
"""
PROVIDERS = """
UnitInfo = provider(fields = <FIELDS>)
"""
MACROS = """
load("//:defs.bzl", "moved")
load("//lib:helpers.bzl", "SUFFIX")

def several(name):
    for word in <NAMES>:
        native.genrule(name = name + word, outs = [name + word + ".out"], cmd = "echo <COMMAND> %s > $@" % SUFFIX)
    moved(name = name + "_moved", dep = ":" + name + "one")
    native.genrule(
        name = name + "_rest",
        outs = [name + "_rest.out"],
        cmd = "echo %d > $@" % len(native.existing_rules()),
    )
"""
BZL = {"defs.bzl": RULES, "lib/helpers.bzl": HELPERS, "lib/providers.bzl": PROVIDERS, "lib/macros.bzl": MACROS}
WORDS = {
    "WORD": ["one", "two", "six"],
    "GIVEN": ["", "given"],
    "SEEN": ["", "seen"],
    "ASPECTS": ["", "aspects = [shared]"],
    "DEFAULT": ["", "default"],
    "ATTRIBUTE": ["spare", "other", "srcs"],
    "MODE": ["opt", "dbg", "fastbuild"],
    "LOAD": [
        *("", "", "", 'load("//lib:providers.bzl", "UnitInfo")'),
        *('load("//:defs.bzl", "unit")', 'load(":nope.bzl", "no")'),
    ],
    "SUFFIX": ["", "end"],
    "INNER": ["", "inner"],
    "DECORATION": ["", "nice "],
    "UNUSED": ["", "unused"],
    "FIELDS": ['["word"]', '["word", "more"]', '["other"]', "["],
    "NAMES": ['["one"]', '["one", "two"]', '["two"]'],
    "COMMAND": ["made", "done"],
}
"""What the places in `.bzl` files may hold: the first of each can be built."""
MODULE = """
module(name = "stress")
bazel_dep(name = "aspect_rules_py", version = "2.0.0")
uv = use_extension("@aspect_rules_py//uv:extensions.bzl", "uv")
uv.declare_hub(hub_name = "pypi")
uv.project(hub_name = "pypi", lock = "//:uv.lock", pyproject = "//:pyproject.toml")
use_repo(uv, "pypi")
"""
MODULES = (
    *("", 'bazel_dep(name = "bazel_skylib", version = "1.8.1")', 'bazel_dep(name = "bazel_skylib", version = "1.7.0")'),
    *('bazel_dep(name = "bazel_skylib", version = "1.8.1", repo_name = "skylib")', "register_toolchains('//p0:all')"),
    "bazel_dep(",
)
HUBS = (
    *("", "", 'uv.override_package(name = "six", exclude_glob = ["*.py", "*/*.py"])\n'),
    'uv.override_package(name = "attrs", extra_deps = ["@pypi//six"])\n',
    'uv.override_package(name = "six", target = "//app:lib")\n',
    'uv.declare_hub(hub_name = "more")\nuv.project(hub_name = "more", lock = "//:uv.lock")\nuse_repo(uv, "more")\n',
)
RC_FILES = (
    *("", "", "build --define=speed=fast\n", "build:quick --define=speed=fast\n", "build --config=quick\n"),
    *("build --jobs=3\n", "build --verbose_failures\n", "try-import %workspace%/more.bazelrc\n"),
    "common --keep_going\nbuild --show_result=3\n",
)
FLAGS = (
    *("--define=speed=fast", "--define=speed=slow", "--compilation_mode=opt", "--keep_going"),
    *("--jobs=1", "--jobs=3", "--verbose_failures", "--show_result=0"),
)
# What a lock no longer says of a project is told by commands that load it, and not by those that go on from a record.
_NOT_REPEATED = re.compile(r"WARNING: `[^`]+` is not up to date, which changes no choice:\n(?:  .*\n)+.*\n")
VERSIONS = ("", ', version = "1"', ', version = "2"')
PROJECTS = (
    *("", '[project]\nname = "app"\nversion = "1"\n', '[project]\nname = "app"\nversion = "2"\ndescription = "d"\n'),
    '[project]\nname = "app"\nversion = "2"\nscripts = { go = "more:main" }\n',
    '[project]\nname = "other"\nversion = "1"\n',
    *('[project]\nname = "app"\nversion = "1"\nscripts = 1\n', "[project", "[tool.ruff]\n"),
)
"""What MODULE.bazel may say, and what projects may; the first of each can be built."""
PROGRAM = """
load("@aspect_rules_py//py:defs.bzl", "py_binary", "py_library")
py_library(name = "lib", srcs = glob(["*.py"], exclude = ["main.py"]), deps = ["@pypi//six"])
py_binary(name = "main", srcs = ["main.py"], deps = [":lib"])
py_binary(name = "other", srcs = ["main.py"], main = "main.py", deps = ["@pypi//attrs"])
genrule(name = "version", outs = ["version.out"], cmd = "echo %s > $@" % module_version())
"""


class Difference(Exception):
    """An incremental build is not what a clean one is."""


@dataclass(frozen=True, slots=True)
class Ran:
    """How a build ended; `errors` are its error lines without what may differ."""

    code: int
    errors: tuple[str, ...]
    output: str


@dataclass
class Stress:
    """One workspace under stress. `locks` are the texts that uv.lock may have; without any there are no programs."""

    root: Path
    random: random.Random
    environment: dict[str, str]
    locks: tuple[str, ...] = ()
    program: tuple[str, ...] = (sys.executable, "-m", "venvship")
    flags: list[str] = field(default_factory=list)
    history: dict[Path, list[tuple[bytes, int]]] = field(default_factory=dict)
    log: list[str] = field(default_factory=list)
    branch: dict[Path, bytes] = field(default_factory=dict)
    unchanged: int = 0
    failing: bool = False
    words: dict[str, str] = field(default_factory=dict)

    @property
    def workspace(self) -> Path:
        return self.root / "ws"

    # The workspace

    def make(self) -> None:
        self.workspace.mkdir(parents=True)
        self.make_sources()
        self.seed_root()

    def make_sources(self) -> None:
        """Everything that the workspace begins with; what came later stays, and may stand in the way."""
        self.words = {name: choices[0] for name, choices in WORDS.items()}
        for path in BZL:
            self.write_bzl(path)
        self.write("lib/BUILD.bazel", "")
        self.write_module("")
        self.write("BUILD.bazel", 'config_setting(name = "fast", define_values = {"speed": "fast"})\n')
        for number in range(4):
            self.write(f"p{number}/BUILD.bazel", self.package(number, "cat $(SRCS) > $@"))
            for name in ("a", "b", "c"):
                self.write(f"p{number}/{name}.txt", f"{number}{name}0\n")
        if self.locks:
            self.write("uv.lock", self.locks[0])
            self.write("pyproject.toml", "")
            self.write("app/pyproject.toml", "")
            self.write("app/BUILD.bazel", PROGRAM)
            self.write("app/main.py", "import six\n")
            self.write("app/more.py", "X = 0\n")

    def package(self, number: int, command: str) -> str:
        dependency = f'":cat", "//p{number - 1}:u"' if number else '":cat"'
        return f"""load("//:defs.bzl", "unit")
load("//lib:macros.bzl", "several")
package(default_visibility = ["//visibility:public"])
filegroup(name = "all", srcs = glob(["**/*.txt"]))
genrule(name = "cat", srcs = [":all"], outs = ["cat.out"], cmd = "{command}")
genrule(
    name = "chosen",
    outs = ["chosen.out"],
    cmd = select({{"//:fast": "echo fast > $@", "//conditions:default": "echo slow > $@"}}),
)
genrule(name = "env", outs = ["env.out"], cmd = "echo $${{WORD-no}} $${{OTHER-no}} > $@")
unit(name = "u", srcs = ["a.txt"], deps = [{dependency}])
{'several(name = "m")' if number > 1 else ""}
"""

    def write_module(self, end: str, *, version: str = "", hubs: str = "") -> None:
        text = MODULE + hubs if self.locks else 'module(name = "stress")\n'
        self.write("MODULE.bazel", text.replace('"stress"', f'"stress"{version}') + end)

    def write_bzl(self, path: str) -> None:
        text = BZL[path]
        for name, word in self.words.items():
            text = text.replace(f"<{name}>", word)
        self.write(path, text)

    def write(self, path: str, text: str) -> None:
        target = self.workspace / path
        target.parent.mkdir(parents=True, exist_ok=True)
        self.remember(target)
        target.write_text(text)

    def remember(self, path: Path) -> None:
        if path.is_file():
            kept = self.history.setdefault(path, [])
            kept.append((path.read_bytes(), path.stat().st_mtime_ns))

    def files(self, *suffixes: str) -> list[Path]:
        found = (path for path in sorted(self.workspace.rglob("*")) if path.is_file() and not path.is_symlink())
        return [path for path in found if path.suffix in suffixes and "venvship-" not in str(path)]

    # Changes

    def change(self) -> str:
        """Change something; the result says what."""
        changes: list[Callable[[], str]] = [
            self.nothing, self.nothing, self.edit_source, self.edit_source, self.edit_source, self.rewrite_source,
            self.bring_back, self.bring_back, self.bring_back, self.delete_source, self.add_source,
            self.link_source, self.change_mode, self.comment_build_file, self.edit_build_file, self.break_build_file,
            self.move_boundary, self.edit_bzl, self.edit_bzl, self.edit_bzl, self.edit_bzl, self.comment_bzl,
            self.toggle_flag, self.change_environment, self.edit_module,
            self.delete_output, self.replace_output, self.retarget_output, self.delete_output_directory,
            self.spoil_stamp, self.move_package, self.touch, self.edit_rc_file, self.edit_rc_file, self.shuffle_flags,
            self.check_out, self.check_out, self.rename_case, self.change_kind, self.change_kind, self.link_directory,
            self.hard_link, self.edit_ignored, self.rename_build_file, self.same_again,
            self.other_command, self.other_command, self.at_once, self.interrupted, self.interrupted, self.meddle,
            self.add_target, self.add_target, self.drop_target,
        ]  # fmt: skip
        if self.locks:
            changes += [self.bump_lock, self.bump_lock, self.edit_program, self.edit_project, self.edit_project]
        return self.random.choice(changes)()

    def heal(self) -> str:
        """A workspace that can be built, so that not every round ends with the same error."""
        shutil.rmtree(self.workspace / "q3", ignore_errors=True)
        for number in range(4):
            (self.workspace / f"p{number}" / "BUILD").unlink(missing_ok=True)
            for path in self.workspace.glob(f"p{number}/*.txt"):
                if path.is_dir():
                    shutil.rmtree(path)
        for name in (".bazelrc", "more.bazelrc", ".bazelignore"):
            (self.workspace / name).unlink(missing_ok=True)
        for sub in self.workspace.glob("p*/sub"):
            shutil.rmtree(sub)
        self.make_sources()
        self.flags.clear()
        return "begin anew"

    def nothing(self) -> str:
        return "nothing"

    def edit_source(self) -> str:
        """Another text of the same length, in place, within the same tick if need be."""
        path = self.pick(self.files(".txt"))
        if path is None:
            return "nothing to edit"
        self.remember(path)
        size = max(path.stat().st_size, 1)
        path.write_text("".join(self.random.choices("xyz\n", k=size)))
        return f"edit {path.name}"

    def rewrite_source(self) -> str:
        """Another text by a rename, with the times of the old one."""
        path = self.pick(self.files(".txt"))
        if path is None:
            return "nothing to rewrite"
        self.remember(path)
        fresh = path.with_name("fresh")
        fresh.write_text("".join(self.random.choices("pq\n", k=max(path.stat().st_size, 1))))
        status = path.stat()
        os.utime(fresh, ns=(status.st_atime_ns, status.st_mtime_ns))
        fresh.rename(path)
        return f"rewrite {path}"

    def bring_back(self) -> str:
        """An earlier text, as `git checkout` writes it, or with its earlier time."""
        path = self.pick([path for path in self.history if path.parent.is_dir()])
        if path is None:
            return "nothing to bring back"
        data, time_ns = self.random.choice(self.history[path])
        self.remember(path)
        if path.is_symlink() or self.random.random() < 0.5:
            path.unlink(missing_ok=True)
        path.write_bytes(data)
        if self.random.random() < 0.5:
            os.utime(path, ns=(time_ns, time_ns))
        return f"bring back {path}"

    def delete_source(self) -> str:
        path = self.pick(self.files(".txt"))
        if path is None:
            return "nothing to delete"
        self.remember(path)
        path.unlink()
        return f"delete {path}"

    def add_source(self) -> str:
        name = f"p{self.random.randrange(4)}/{self.random.choice(['n', 'sub/n', 'sub/deep/n'])}.txt"
        if not (self.workspace / name).parts or (self.workspace / name.partition("/")[0]).is_file():
            return "no place for a source"
        self.write(name, f"new {self.random.random()}\n")
        return f"add {name}"

    def link_source(self) -> str:
        """A file becomes a link to an equal file, or to a neighbour."""
        path = self.pick(self.files(".txt"))
        if path is None:
            return "nothing to link"
        self.remember(path)
        other = self.workspace / "elsewhere" / f"{path.parent.name}-{path.name}"
        other.parent.mkdir(exist_ok=True)
        shutil.copy2(path, other)
        path.unlink()
        path.symlink_to(os.path.relpath(other, path.parent))
        return f"link {path}"

    def change_mode(self) -> str:
        path = self.pick(self.files(".txt"))
        if path is None:
            return "no mode to change"
        path.chmod(path.stat().st_mode ^ 0o111)
        return f"chmod {path}"

    def touch(self) -> str:
        path = self.pick(self.files(".txt", ".bazel", ".bzl"))
        if path is not None:
            os.utime(path, ns=(0, time.time_ns() + self.random.choice([-(10**15), 0, 10**15])))
        return f"touch {path}"

    def comment_build_file(self) -> str:
        path = self.pick([path for path in self.files(".bazel") if path.name == "BUILD.bazel"])
        if path is None:
            return "no BUILD file"
        self.remember(path)
        path.write_text(f"{path.read_text()}# {self.random.random()}\n")
        return f"comment in {path}"

    def edit_build_file(self) -> str:
        number = self.random.randrange(4)
        if not (self.workspace / f"p{number}").is_dir():
            return "no package"
        command = self.random.choice(["cat $(SRCS) > $@", "cat $(SRCS) | sort > $@", "echo $(SRCS) > $@"])
        self.write(f"p{number}/BUILD.bazel", self.package(number, command))
        return f"{command} in p{number}"

    def add_target(self) -> str:
        """A target of its own, or one that needs another package."""
        path = self.pick([path for path in self.files(".bazel") if path.parent.name.startswith("p")])
        if path is None:
            return "no BUILD file"
        self.remember(path)
        number, package = self.random.randrange(100), self.random.randrange(4)
        source = self.random.choice([":all", ":cat", f"//p{package}:all", f"//p{package}:chosen", "a.txt"])
        rule = f'genrule(name = "x{number}", srcs = ["{source}"], outs = ["x{number}.out"], cmd = "cat $(SRCS) > $@")'
        path.write_text(f"{path.read_text()}{rule}\n")
        return f"{rule} in {path}"

    def drop_target(self) -> str:
        path = self.pick([path for path in self.files(".bazel") if '(name = "x' in path.read_text()])
        if path is None:
            return "no target to drop"
        self.remember(path)
        lines = path.read_text().splitlines(keepends=True)
        number = self.random.choice([number for number, line in enumerate(lines) if '(name = "x' in line])
        dropped = lines.pop(number)
        path.write_text("".join(lines))
        return f"without {dropped.strip()} in {path}"

    def break_build_file(self) -> str:
        path = self.pick([path for path in self.files(".bazel") if path.parent.name.startswith("p")])
        if path is None:
            return "no BUILD file"
        self.remember(path)
        path.write_text(f"{path.read_text()}\nunit(\n")
        return f"break {path}"

    def move_boundary(self) -> str:
        """A directory becomes a package of its own, or stops to be one."""
        sub = self.workspace / f"p{self.random.randrange(4)}/sub"
        if not sub.parent.is_dir():
            return "no package"
        sub.mkdir(exist_ok=True)
        build = sub / "BUILD"
        if build.exists():
            build.unlink()
        else:
            build.write_text("")
        return f"boundary at {sub}"

    def move_package(self) -> str:
        here, there = self.workspace / "p3", self.workspace / "q3"
        if here.is_dir() and not there.exists():
            here.rename(there)
        elif there.is_dir() and not here.exists():
            there.rename(here)
        return "move p3"

    def edit_bzl(self) -> str:
        """Another function, constant, attribute, default, transition or aspect; cycles and errors now and then."""
        name = self.random.choice(list(WORDS))
        self.words[name] = self.random.choice(WORDS[name])
        [path] = [path for path, text in BZL.items() if f"<{name}>" in text]
        self.write_bzl(path)
        return f"{name} = {self.words[name]!r} in {path}"

    def edit_module(self) -> str:
        end = self.random.choice(MODULES) if self.random.random() < 0.5 else ""
        version, hubs = self.random.choice(VERSIONS), self.random.choice(HUBS)
        self.write_module(end, version=version, hubs=hubs)
        return f"MODULE.bazel says{version} {hubs!r}, {end!r}"

    def edit_project(self) -> str:
        path = self.random.choice(["app/pyproject.toml", "app/pyproject.toml", "pyproject.toml"])
        text = self.random.choice(PROJECTS)
        self.write(path, text)
        return f"{path} is {text!r}"

    def comment_bzl(self) -> str:
        path = self.random.choice(list(BZL))
        old = self.workspace / path
        self.write(path, f"# {self.random.random()}\n{old.read_text() if old.is_file() else ''}")
        return f"comment in {path}"

    def toggle_flag(self) -> str:
        flag = self.random.choice(FLAGS)
        if flag in self.flags:
            self.flags.remove(flag)
        else:
            self.flags.append(flag)
        return f"flags {self.flags}"

    def shuffle_flags(self) -> str:
        self.random.shuffle(self.flags)
        return f"flags {self.flags}"

    def change_environment(self) -> str:
        name, values = self.random.choice(
            [("PIP_TIMEOUT", ["10", "11", "12"]), ("WORD", ["", "here", "there"]), ("OTHER", ["one", "two"])]
        )
        if name in self.environment and self.random.random() < 0.3:
            del self.environment[name]
            return f"without {name}"
        self.environment[name] = self.random.choice(values)
        return f"{name}={self.environment[name]}"

    def edit_rc_file(self) -> str:
        path, text = self.random.choice([".bazelrc", ".bazelrc", "more.bazelrc"]), self.random.choice(RC_FILES)
        if path.startswith("more"):
            text = text.replace("try-import", "# import")
        self.write(path, text)
        return f"{path} is {text!r}"

    def edit_ignored(self) -> str:
        text = self.random.choice(["", "", "p2/sub\n", "p3\n", "elsewhere\n"])
        self.write(".bazelignore", text)
        return f".bazelignore is {text!r}"

    # Files that become something else

    def check_out(self) -> str:
        """All sources as they were at some time, as another branch has them; equal ones are not written."""
        packages = [path for path in sorted(self.workspace.glob("p*")) if path.is_dir() and not path.is_symlink()]
        now = {path: path.read_bytes() for one in packages for path in sorted(one.rglob("*.txt")) if path.is_file()}
        branch = {path: data for path, data in self.branch.items() if path.parent.is_dir() and not path.is_dir()}
        self.branch = now
        if not branch:
            return "leave this branch"
        for path in now.keys() - branch.keys():
            path.unlink()
        for path, data in branch.items():
            if now.get(path) != data:
                path.unlink(missing_ok=True)
                path.write_bytes(data)
        return "check out another branch"

    def rename_case(self) -> str:
        path = self.pick(self.files(".txt"))
        if path is None:
            return "nothing to rename"
        self.remember(path)
        other = path.with_name(f"{path.stem.swapcase()}.txt")
        path.rename(other)
        return f"{path} is {other.name}"

    def change_kind(self) -> str:
        """A file becomes a directory with a file in it, or a directory a file."""
        path = self.pick([path for path in self.workspace.glob("p*/*.txt") if path.exists()])
        if path is None:
            return "nothing to change"
        self.remember(path)
        if path.is_dir():
            shutil.rmtree(path)
            path.write_text("was a directory\n")
            return f"{path} is a file"
        path.unlink()
        path.mkdir()
        (path / "inner.txt").write_text("was a file\n")
        return f"{path} is a directory"

    def link_directory(self) -> str:
        """A directory becomes a link to an equal one, or what the link leads to says something else."""
        sub = self.workspace / f"p{self.random.randrange(4)}/tree"
        away = self.workspace / "elsewhere" / f"tree-{sub.parent.name}"
        if not sub.parent.is_dir() or away.is_file():
            return "no directory to link"
        if sub.is_symlink():
            inner = away / "inner.txt"
            away.mkdir(parents=True, exist_ok=True)
            inner.write_text(f"linked {self.random.randrange(3)}\n")
            return f"edit {inner}"
        if sub.is_dir():
            shutil.rmtree(away, ignore_errors=True)
            away.parent.mkdir(exist_ok=True)
            shutil.copytree(sub, away)
            shutil.rmtree(sub)
            sub.symlink_to(os.path.relpath(away, sub.parent))
            return f"{sub} is a link"
        sub.mkdir()
        (sub / "inner.txt").write_text("inner\n")
        return f"{sub} is a directory"

    def hard_link(self) -> str:
        """A file becomes another name of its neighbour, or is edited by such a name."""
        path = self.pick(self.files(".txt"))
        if path is None:
            return "nothing to link"
        other = self.workspace / "elsewhere" / "hard"
        other.parent.mkdir(exist_ok=True)
        if other.exists() and self.random.random() < 0.5:
            other.write_text(f"hard {self.random.randrange(10)}\n")
            return f"edit {other}"
        self.remember(path)
        other.unlink(missing_ok=True)
        os.link(path, other)
        return f"{path} is {other}, too"

    def rename_build_file(self) -> str:
        package = self.workspace / f"p{self.random.randrange(4)}"
        one, other = package / "BUILD.bazel", package / "BUILD"
        if other.is_file() and not one.exists():
            one, other = other, one
        if not one.is_file() or other.exists():
            return "no BUILD file to rename"
        one.rename(other)
        return f"{one} is {other.name}"

    def same_again(self) -> str:
        """The same bytes in a new file."""
        path = self.pick(self.files(".txt", ".bazel", ".bzl"))
        if path is not None:
            fresh = path.with_name("fresh")
            shutil.copy(path, fresh)
            fresh.rename(path)
        return f"{path} anew"

    # Other commands

    def other_command(self) -> str:
        words = self.random.choice(
            [("build", "--nobuild", "//..."), ("build", "//p1:all"), ("build", "--define=speed=fast", "//p0/..."),
             ("build", "--keep_going", "//..."), ("query", "//..."), ("test", "//..."), ("info",), ("clean",),
             ("build", "//p0:u", "//p1:u"), ("build", "--", "//...", "-//p2:all"),
             ("build", "--output_groups=shared", "//...")]
        )  # fmt: skip
        flags = self.flags if words[0] in ("build", "test") else ()
        self.start("kept", words[0], *flags, *words[1:]).communicate()
        return " ".join(words)

    def at_once(self) -> str:
        """The same command twice, or it and another one."""
        other = self.random.choice(["//...", "//p1:all", "//p0/..."])
        both = [self.start("kept", "build", *self.flags, words) for words in ("//...", other)]
        for one in both:
            one.communicate()
        return f"two commands at once, of //... and {other}"

    def interrupted(self) -> str:
        seconds = self.random.uniform(0, 1.5)
        which = self.random.choice([signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
        edit = self.edit_source() if self.random.random() < 0.5 else self.edit_bzl()
        process = self.start("kept", "build", *self.flags, "//...")
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.send_signal(which)
        process.communicate()
        return f"{edit}; {which.name} after {seconds:.2f} s"

    def meddle(self) -> str:
        """Changes while a command runs."""
        process = self.start("kept", "build", *self.flags, "//...")
        done: list[str] = []
        while process.poll() is None and len(done) < 5:
            time.sleep(self.random.uniform(0, 0.4))
            done.append(self.random.choice([self.edit_source, self.rewrite_source, self.edit_bzl, self.bring_back])())
        process.communicate()
        return f"while it runs: {', '.join(done)}"

    def bump_lock(self) -> str:
        self.write("uv.lock", self.random.choice(self.locks))
        return "lock"

    def edit_program(self) -> str:
        self.write(f"app/{self.random.choice(['main', 'more', 'new'])}.py", f"import six\n# {self.random.random()}\n")
        return "edit the program"

    def delete_output(self) -> str:
        path = self.pick(self.outputs())
        if path is not None:
            path.unlink()
        return f"delete output {path}"

    def replace_output(self) -> str:
        path = self.pick([path for path in self.outputs() if not path.is_symlink()])
        if path is not None:
            size = path.stat().st_size
            path.unlink()
            path.write_bytes(b"?" * size)
        return f"replace output {path}"

    def retarget_output(self) -> str:
        path = self.pick([path for path in self.outputs() if path.is_symlink()])
        if path is not None:
            path.unlink()
            path.symlink_to("/nowhere/at/all")
        return f"retarget output {path}"

    def delete_output_directory(self) -> str:
        path = self.pick([path.parent for path in self.outputs()])
        if path is not None:
            shutil.rmtree(path)
        return f"delete outputs in {path}"

    def spoil_stamp(self) -> str:
        path = self.pick([Path(path) for path in sorted(self.stamps())])
        if path is not None:
            path.write_bytes(path.read_bytes()[: self.random.randrange(path.stat().st_size)])
        return f"spoil stamp {path}"

    def stamps(self) -> dict[str, int]:
        """The stamps of the kept output base, with the time of each: one that answers is not written again."""
        found = (self.root / "kept").glob("workspaces/*/stamps/*")
        return {str(path): path.stat().st_mtime_ns for path in found}

    def outputs(self) -> list[Path]:
        """Outputs that a build looks after: runfiles trees are made anew only when they are gone."""
        bin_directory = self.workspace / "venvship-bin"
        found = (path for path in sorted(bin_directory.rglob("*")) if path.is_symlink() or path.is_file())
        return [path for path in found if ".runfiles" not in str(path)]

    def pick(self, paths: list[Path]) -> Path | None:
        return self.random.choice(paths) if paths else None

    # Builds

    def round(self) -> None:
        """Change something, build twice, and compare. Raises Difference."""
        what = [self.change() for _ in range(self.random.choice([1, 1, 1, 2, 3]))]
        if self.failing and self.random.random() < 0.5:
            what.append(self.heal())
        self.log.append("; ".join(what))
        kept = self.build("kept")
        stamps = self.stamps()
        again = self.build("kept")
        if kept.code == 0 and not re.search(r"Actions: 0 run, 0 from the cache", again.output):
            raise Difference(f"the second build still had something to do:\n{kept.output}\n{again.output}")
        self.unchanged += bool(stamps) and again.code == 0 and self.stamps() == stamps
        shutil.rmtree(self.root / "clean", ignore_errors=True)
        self.seed_root()
        clean = self.build("clean", "--symlink_prefix=/")
        if clean.code > 8:
            raise Difference(f"a fault, not an error of the workspace:\n{clean.output}")
        for one in (kept, again):
            if (one.code, one.errors) != (clean.code, clean.errors):
                raise Difference(f"incremental: {one.code}\n{one.output}\nclean: {clean.code}\n{clean.output}")
        self.failing = clean.code != 0
        if not self.failing:
            self.compare()

    def start(self, name: str, command: str, *words: str) -> subprocess.Popen[str]:
        common = ["--noshow_progress", f"--index_override={ORIGIN}=@default"] if command in ("build", "test") else []
        return subprocess.Popen(
            [*self.program, f"--output_user_root={self.root / name}", command, *common, *words],
            cwd=self.workspace,
            env=self.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def build(self, name: str, *more: str) -> Ran:
        process = self.start(name, "build", *self.flags, *more, "//...")
        _, said = process.communicate()
        lines = _NOT_REPEATED.sub("", said).replace(str(self.root / name), "ROOT").splitlines()
        errors = sorted(line for line in lines if "Elapsed" not in line and "Actions:" not in line)
        counts = ("INFO: Build completed", "INFO: From", "[")
        if "--keep_going" not in self.flags and any("` failed: " in line for line in errors):
            # Which action fails first is a matter of which others have something to do.
            errors = [line for line in errors if "` failed: " not in line and not line.startswith("Target ")]
        return Ran(process.returncode, tuple(line for line in errors if not line.startswith(counts)), said)

    def seed_root(self) -> None:
        """Let the clean root know the interpreter and the wheels, and nothing that an action made."""
        seed = self.root / "seed"
        if not self.locks:
            return
        if not seed.exists():
            ran = self.build("seed", "--symlink_prefix=/")
            if ran.code:
                raise Difference(f"the workspace can't be built to begin with:\n{ran.output}")
            for name in ("actions", "workspaces"):
                shutil.rmtree(seed / name)
        _link_tree(seed, self.root / "clean")
        if not (self.root / "kept").exists():
            _link_tree(seed, self.root / "kept")

    def compare(self) -> None:
        [clean] = (self.root / "clean" / "workspaces").iterdir()
        kept = self.root / "kept" / "workspaces" / clean.name
        mine = dict(_described(kept / "execroot/_main/venvship-out", self.root / "kept"))
        for path, description in _described(clean / "execroot/_main/venvship-out", self.root / "clean"):
            if mine.get(path) != description:
                raise Difference(f"{path} is {mine.get(path)!r}, and in a clean build {description!r}")


def _link_tree(source: Path, target: Path) -> None:
    subprocess.run(["cp", "-al", f"{source}/.", str(target)], check=True)


def _described(directory: Path, root: Path) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Every file and link below a directory."""
    for path in sorted(directory.rglob("*")):
        name = str(path.relative_to(directory))
        if path.is_symlink():
            yield name, ("link", os.readlink(path).replace(str(root), "ROOT"))
        elif path.is_file() and not name.endswith((".runfiles_stamp", ".runfiles_manifest")):
            yield name, ("file", f"{path.stat().st_mode:o}", path.read_bytes().replace(bytes(root), b"ROOT").hex())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=500)
    parser.add_argument("--seed", type=int, default=None, help="of the random changes; printed at the beginning")
    parser.add_argument("--no-programs", action="store_true", help="leave out py_binary and wheels")
    options = parser.parse_args()
    seed = random.randrange(1 << 30) if options.seed is None else options.seed
    print(f"seed {seed}")
    sys.path.insert(0, str(PROJECT / "tests"))
    from fake_index import running_index
    from real_workspace import locked

    with tempfile.TemporaryDirectory(prefix="stress") as directory, running_index() as index:
        versions = [("1.0", "1.0"), ("1.1", "1.0"), ("1.2", "1.0"), ("1.0", "1.1"), ("1.2", "1.1")]
        plain = [locked(index, ("six", six), ("attrs", attrs), salt="stress") for six, attrs in versions]
        wheels = f'wheels = [{{ url = "{ORIGIN}/six/'
        needing = plain[1].replace(wheels, f'dependencies = [{{ name = "attrs" }}]\n{wheels}')
        more = locked(index, ("six", "1.1"), ("attrs", "1.0"), ("zope", "1.0"), salt="stress")
        locks = (*plain, needing, more, f"{plain[0]}# so\n")
        stress = Stress(
            Path(directory),
            random.Random(seed),
            {
                **{name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ},
                "HOME": directory,
                "PIP_INDEX_URL": index.simple_url,
                "UV_NO_CONFIG": "1",
            },
            locks=() if options.no_programs else locks,
        )
        stress.make()
        begin = time.monotonic()
        for number in range(options.rounds):
            try:
                stress.round()
            except Difference as difference:
                print(f"round {number}: {stress.log[-1]}\n{difference}")
                return 1
            if number % 10 == 9:
                print(f"{number + 1} rounds, {time.monotonic() - begin:.0f} s, last: {stress.log[-1]}", flush=True)
    print(f"no difference in {options.rounds} rounds, {stress.unchanged} answers from a stamp")
    return 0


if __name__ == "__main__":
    sys.exit(main())
