"""No-op and small edits in generated workspaces, beside Bazel where `bazel-4` is installed.

A workspace has units in packages of twenty, each with a source, a written file, two links and a parameter file of its
closure, and depends on three others nearby; `--targets` says how many. One package in five has a note besides. Both
tools build the same workspace in turns, Bazel with a warm server, with one that has to start, and with nothing there at
all. Then the workspace gets a program of fifty wheels, one of which changes its version; Bazel 4.2.3 can't load that,
so `uv pip sync` is beside it.

    .venv/bin/python benchmarks/noop.py --targets 1000,5000 --pairs 9
"""

from __future__ import annotations

import argparse
import os
import random
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from directories import removed
from locked_wheels import MODULE_FILE, lock_of, running_index
from measuring import Command, Peer, Row, compared, left_out, paired, report
from revisions import installed_wheel
from venv_installers import Ours, Uv, wheel, write_requirements

PER_PACKAGE = 20
GROUP = 5
WHEELS = 50
FEW_TARGETS = 1000
WORDS = ("build", "--noshow_progress", "--symlink_prefix=/", "//...")
RULES = """
UnitInfo = provider(fields = ["files"])

def _unit_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "unit %s for 0\\n" % ctx.label.name)
    link = ctx.actions.declare_file(ctx.label.name + ".lnk")
    ctx.actions.symlink(output = link, target_file = ctx.files.srcs[0])
    raw = ctx.actions.declare_symlink(ctx.label.name + ".raw")
    ctx.actions.symlink(output = raw, target_path = "../nowhere/" + ctx.label.name)
    files = depset([out, link], transitive = [dep[UnitInfo].files for dep in ctx.attr.deps])
    args = ctx.actions.args()
    args.set_param_file_format("multiline")
    args.add_all(files)
    params = ctx.actions.declare_file(ctx.label.name + ".params")
    ctx.actions.write(params, args)
    return [DefaultInfo(files = depset([out, link, raw, params])), UnitInfo(files = files)]

unit = rule(
    implementation = _unit_impl,
    attrs = {
        "srcs": attr.label_list(allow_files = True),
        "deps": attr.label_list(providers = [UnitInfo]),
    },
)

def _words(name):
    return "note %s of 0\\n" % name

def _note_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, _words(ctx.label.name))
    return [DefaultInfo(files = depset([out]))]

note = rule(implementation = _note_impl)
"""


def make_workspace(root: Path, targets: int) -> None:
    """The same number gives the same bytes."""
    chosen = random.Random(1)
    root.mkdir(parents=True)
    for name, text in {"WORKSPACE": "", "MODULE.bazel": "", "BUILD.bazel": "", "defs.bzl": RULES}.items():
        (root / name).write_text(text)
    labels: list[str] = []
    for package in range((targets + PER_PACKAGE - 1) // PER_PACKAGE):
        directory = root / _package(package)
        directory.mkdir(parents=True)
        lines = ['load("//:defs.bzl", "note", "unit")', 'package(default_visibility = ["//visibility:public"])']
        # Dependencies stay near, so that closures, and with them parameter files, do not grow with the workspace.
        nearby = labels[(package // GROUP) * GROUP * PER_PACKAGE :]
        for number in range(min(PER_PACKAGE, targets - package * PER_PACKAGE)):
            (directory / f"u{number:03}.py").write_text(f"VALUE = {number}\n")
            deps = sorted(chosen.sample(nearby, min(3, len(nearby))))
            shown = ", ".join(f'"{label}"' for label in deps)
            # What an edit adds is found by the pattern of the package's first unit.
            sources = f'["u{number:03}.py"]' if number else 'glob(["u000*.py"])'
            lines.append(f'unit(name = "u{number:03}", srcs = {sources}, deps = [{shown}])')
            nearby.append(f"//{_package(package)}:u{number:03}")
            labels.append(nearby[-1])
        if package % GROUP == 0:
            lines.append('note(name = "note")')
        (directory / "BUILD.bazel").write_text("\n".join(lines) + "\n")


def _package(number: int) -> str:
    return f"pkgs/d{number // 50:02}/p{number:04}"


class Bazel:
    """The same command of Bazel, with a server and outputs of its own."""

    def __init__(self, workspace: Path, state: Path) -> None:
        self._kept = state / "bazel"
        self._startup = ("bazel-4", "--install_base=/usr/share/bazel", f"--output_user_root={self._kept}")
        flags = ("--nosandbox_debug", "--experimental_allow_unresolved_symlinks")
        environment = _environment(state)
        self._build = Command("bazel", (*self._startup, WORDS[0], *flags, *WORDS[1:]), workspace, environment)
        self._stop = Command("bazel", (*self._startup, "shutdown"), workspace, environment)

    def run(self) -> float:
        return self._build.run()

    def stop(self) -> None:
        """End the server; what it has built stays."""
        self._stop.run()

    def forget(self) -> None:
        self.stop()
        removed(self._kept)


def _environment(state: Path) -> dict[str, str]:
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    return environment | {"HOME": str(state)}


def measure(targets: int, *, pairs: int, edits: bool = True, cold: bool = True) -> Iterator[Row]:
    """First builds are not measured where the server is warm; then so are stamps and caches."""
    with tempfile.TemporaryDirectory(prefix="bench") as directory:
        workspace, state = Path(directory, "ws"), Path(directory, "state")
        state.mkdir()
        make_workspace(workspace, targets)
        kept = state / "ours"
        argv = (installed_wheel(), f"--output_user_root={kept}", *WORDS)
        ours = Command("venvship", argv, workspace, _environment(state))
        bazel = Bazel(workspace, state) if shutil.which("bazel-4") is not None else None
        try:
            warm = [Peer("Bazel, warm server", bazel.run)] if bazel is not None else []
            for run in (ours.run, *(peer.run for peer in warm)):
                run()
                run()
            for what, change, limit, ratio_limit in _cases(workspace, targets, edits=edits):
                peers = [replace(peer, ratio_limit=ratio_limit) for peer in warm]
                name = f"{what}, {targets:,} targets"
                yield from compared(name, ours.run, peers, pairs=pairs, before=change, limit=limit)
                if bazel is None:
                    yield left_out(name, peer_name="Bazel", why="not on this machine")
            if cold and bazel is not None:
                few = min(pairs, 3) if targets <= FEW_TARGETS else 1
                peers = [Peer("Bazel, cold", bazel.run)]

                def forget(_number: int) -> None:
                    removed(kept)
                    bazel.forget()

                yield from compared(
                    f"no-op, {targets:,} targets", ours.run, peers, pairs=few, before=lambda _: bazel.stop()
                )
                yield from compared(f"nothing there, {targets:,} targets", ours.run, peers, pairs=few, before=forget)
        finally:
            if bazel is not None:
                bazel.stop()
        if edits:
            yield measure_bump(workspace, state, targets, pairs=pairs)


def measure_bump(workspace: Path, state: Path, targets: int, *, pairs: int) -> Row:
    """One wheel of a program changes its version; each version is fetched once."""
    with running_index() as index:
        stored = state / "wheels"
        stored.mkdir()
        versions = [wheel("wheel0", f"1.{number}") for number in range(pairs + 1)]
        others = [wheel(f"wheel{number}") for number in range(1, WHEELS)]
        for one in (*versions, *others):
            one.write(stored)
        (workspace / "MODULE.bazel").write_text(MODULE_FILE)
        (workspace / "pyproject.toml").write_text("")
        deps = ", ".join(f'"@pypi//{one.name}"' for one in (versions[0], *others))
        directory = workspace / "program"
        directory.mkdir()
        (directory / "main.py").write_text("import wheel0\n")
        (directory / "BUILD.bazel").write_text(
            'load("@aspect_rules_py//py:defs.bzl", "py_binary")\n'
            f'py_binary(name = "program", srcs = ["main.py"], deps = [{deps}])\n'
        )

        def bump(number: int) -> None:
            locked = [versions[number], *others]
            (workspace / "uv.lock").write_text(lock_of(index, locked))
            write_requirements(workspace, locked)

        ours = Ours(workspace, state, index.simple_url, "//...")
        uv = Uv(workspace, stored, state, "hardlink")
        bump(0)
        # What was written only just before the first run is looked at once more by the second.
        ours.run()
        ours.run()
        uv.run()
        return paired(
            f"one wheel of {WHEELS}, {targets:,} targets",
            ours.run,
            uv.sync,
            pairs=pairs,
            peer_name=f"{uv.name}, the virtualenv alone",
            before=lambda number: bump(number + 1),
        )


_Case = tuple[str, Callable[[int], object], float | None, float | None]


def _cases(workspace: Path, targets: int, *, edits: bool) -> Iterator[_Case]:
    package = workspace / _package(max(0, targets // PER_PACKAGE // 2 - 1))

    def comment(path: Path) -> Callable[[int], object]:
        return lambda number: path.write_text(f"{path.read_text()}# {number}\n")

    def new_target(number: int) -> None:
        file = package / "BUILD.bazel"
        file.write_text(f'{file.read_text()}unit(name = "added{number}", srcs = ["u000.py"])\n')

    def new_file(number: int) -> None:
        (package / f"u000_{number}.py").write_text("")

    shared = workspace / "defs.bzl"

    def words(what: str) -> Callable[[int], object]:
        def change(number: int) -> None:
            shared.write_text(re.sub(rf"{what} \d+", f"{what} {number + 1}", shared.read_text()))

        return change

    def new_function(number: int) -> None:
        shared.write_text(f"{shared.read_text()}\ndef added{number}():\n    pass\n")

    yield "no-op", lambda _: None, {5000: 150.0, 20_000: 400.0}.get(targets), 1 / 3
    if edits:
        large = targets == 5000
        yield "one source", comment(package / "u000.py"), 400.0 if large else None, 1.0 if large else None
        yield "comment in one BUILD file", comment(package / "BUILD.bazel"), 500.0 if large else None, None
        yield "new target in one BUILD file", new_target, None, None
        yield "new file that a glob finds", new_file, None, None
        yield "comment in the shared .bzl file", comment(shared), 2000.0 if large else None, None
        yield "new function in the shared .bzl file", new_function, 2000.0 if large else None, None
        yield "function of one rule in the shared .bzl file", words("of"), 2000.0 if large else None, None
        yield "function of the rule of all targets", words("for"), None, None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", default="10,100,1000,5000,20000", help="sizes of workspaces")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--no-edits", action="store_true", help="measure the no-op only")
    parser.add_argument("--no-cold", action="store_true", help="leave out Bazel without a server")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sizes = [int(text) for text in options.targets.split(",")]
    edits, cold = not options.no_edits, not options.no_cold
    rows = [row for size in sizes for row in measure(size, pairs=options.pairs, edits=edits, cold=cold)]
    return report(rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
