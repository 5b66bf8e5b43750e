"""No-op and small edits in generated workspaces, beside Bazel with a warm server where `bazel-4` is installed.

A workspace has units in packages of twenty, each with a source, a written file, two links and a parameter file of its
closure, and depends on three others nearby; `--targets` says how many. Both tools build the same workspace in turns.

    .venv/bin/python benchmarks/noop.py --targets 1000,5000 --pairs 9
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from measuring import VENVSHIP, Command, Row, paired, report

PER_PACKAGE = 20
GROUP = 5
RULES = """
UnitInfo = provider(fields = ["files"])

def _unit_impl(ctx):
    out = ctx.actions.declare_file(ctx.label.name + ".txt")
    ctx.actions.write(out, "unit %s\\n" % ctx.label.name)
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
        lines = ['load("//:defs.bzl", "unit")', 'package(default_visibility = ["//visibility:public"])']
        # Dependencies stay near, so that closures, and with them parameter files, do not grow with the workspace.
        nearby = labels[(package // GROUP) * GROUP * PER_PACKAGE :]
        for number in range(min(PER_PACKAGE, targets - package * PER_PACKAGE)):
            (directory / f"u{number:03}.py").write_text(f"VALUE = {number}\n")
            deps = sorted(chosen.sample(nearby, min(3, len(nearby))))
            shown = ", ".join(f'"{label}"' for label in deps)
            lines.append(f'unit(name = "u{number:03}", srcs = ["u{number:03}.py"], deps = [{shown}])')
            nearby.append(f"//{_package(package)}:u{number:03}")
            labels.append(nearby[-1])
        (directory / "BUILD.bazel").write_text("\n".join(lines) + "\n")


def _package(number: int) -> str:
    return f"pkgs/d{number // 50:02}/p{number:04}"


def commands(workspace: Path, state: Path) -> tuple[Command, Command | None]:
    """Ours, and Bazel's where there is one."""
    environment = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    environment["HOME"] = str(state)
    words = ("build", "--noshow_progress", "--symlink_prefix=/", "//...")
    ours = Command("venvship", (VENVSHIP, f"--output_user_root={state}/ours", *words), workspace, environment)
    if shutil.which("bazel-4") is None:
        return ours, None
    startup = ("bazel-4", "--install_base=/usr/share/bazel", f"--output_user_root={state}/bazel")
    flags = ("--nosandbox_debug", "--experimental_allow_unresolved_symlinks")
    bazel = Command("bazel", (*startup, words[0], *flags, *words[1:]), workspace, environment)
    return ours, bazel


def measure(targets: int, *, pairs: int, edits: bool = True) -> Iterator[Row]:
    """First builds are not measured: the server is warm, and so are stamps and caches."""
    with tempfile.TemporaryDirectory(prefix="bench") as directory:
        workspace, state = Path(directory, "ws"), Path(directory, "state")
        state.mkdir()
        make_workspace(workspace, targets)
        ours, bazel = commands(workspace, state)
        try:
            for command in (ours, ours, *([bazel, bazel] if bazel is not None else [])):
                command.run()
            for what, change, limit, ratio_limit in _cases(workspace, targets, edits=edits):
                yield paired(
                    f"{what}, {targets:,} targets",
                    ours.run,
                    None if bazel is None else bazel.run,
                    pairs=pairs,
                    peer_name="" if bazel is None else "Bazel, warm server",
                    before=change,
                    limit=limit,
                    ratio_limit=ratio_limit,
                )
        finally:
            if bazel is not None:
                Command("", (*bazel.argv[:3], "shutdown"), workspace, bazel.environment).run()


_Case = tuple[str, Callable[[int], object], float | None, float | None]


def _cases(workspace: Path, targets: int, *, edits: bool) -> Iterator[_Case]:
    package = workspace / _package(max(0, targets // PER_PACKAGE // 2 - 1))

    def comment(path: Path) -> Callable[[int], object]:
        return lambda number: path.write_text(f"{path.read_text()}# {number}\n")

    yield "no-op", lambda _: None, {5000: 150.0, 20_000: 400.0}.get(targets), 1 / 3
    if edits:
        large = targets == 5000
        yield "one source", comment(package / "u000.py"), 400.0 if large else None, 1.0 if large else None
        yield "comment in one BUILD file", comment(package / "BUILD.bazel"), 500.0 if large else None, None
        yield "comment in the shared .bzl file", comment(workspace / "defs.bzl"), 2000.0 if large else None, None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--targets", default="1000,5000", help="sizes of workspaces")
    parser.add_argument("--pairs", type=int, default=7)
    parser.add_argument("--no-edits", action="store_true", help="measure the no-op only")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    sizes = [int(text) for text in options.targets.split(",")]
    rows = [row for size in sizes for row in measure(size, pairs=options.pairs, edits=not options.no_edits)]
    return report(rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
