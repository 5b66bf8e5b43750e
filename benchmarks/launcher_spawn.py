"""What a launcher adds to the start of a program.

Starts a static program that does nothing, directly and through a launcher, in turns, and prints the medians and their
ratio. Both are started by `posix_spawn`, so the cost of this interpreter is in both and does not grow with its memory.

    python benchmarks/launcher_spawn.py --runs 2000
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from venvship.launchers.config import Argument, LauncherConfig, Variable, VariableMode
from venvship.launchers.template import finalise, template
from venvship.model.platform import Platform

NO_OP = {
    "x86_64": 'void _start(void) { __asm__ volatile("syscall" : : "a"(231), "D"(0)); }',
    "aarch64": 'void _start(void) { __asm__ volatile("mov x8, #94\\n mov x0, #0\\n svc #0"); }',
}
FLAGS = ("-Os", "-ffreestanding", "-nostdlib", "-static", "-fno-sanitize=all", "-Wl,-s", "-Wl,--build-id=none")


def compile_no_op(directory: Path) -> Path:
    source, program = directory / "no_op.c", directory / "no_op"
    source.write_text(NO_OP[platform.machine()], "ascii")
    target = f"{platform.machine()}-linux-musl"
    environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(directory), "ZIG_LOCAL_CACHE_DIR": str(directory)}
    compiler = [sys.executable, "-m", "ziglang", "cc", "-target", target, *FLAGS]
    subprocess.run([*compiler, str(source), "-o", str(program)], check=True, env=environment)
    return program


def write_launcher(directory: Path, name: str, config: LauncherConfig) -> Path:
    launcher = directory / name
    launcher.write_bytes(finalise(template(Platform.parse(f"linux_{platform.machine()}")), config))
    launcher.chmod(0o755)
    return launcher


def microseconds(program: str, environment: dict[str, str]) -> float:
    before = time.perf_counter_ns()
    process = os.posix_spawn(program, [program], environment)
    _, status = os.waitpid(process, 0)
    after = time.perf_counter_ns()
    assert status == 0, program
    return (after - before) / 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=2000)
    options = parser.parse_args()

    with tempfile.TemporaryDirectory() as scratch:
        directory = Path(scratch)
        no_op = compile_no_op(directory)
        binaries = directory / "app.runfiles/_main/app/.venv/bin"
        binaries.mkdir(parents=True)
        (binaries / "python").symlink_to(no_op)
        (directory / "app.runfiles/_main/app/main.py").touch()

        # What a program of a build has: an interpreter in a virtualenv, a main module and six variables.
        runfiles = LauncherConfig(
            (Argument.runfile("_main/app/.venv/bin/python"), Argument("-I"), Argument.runfile("_main/app/main.py")),
            (
                Variable("VIRTUAL_ENV", Argument.runfile("_main/app/.venv")),
                Variable("PATH", Argument.runfile("_main/app/.venv/bin"), VariableMode.PREPEND_PATH),
                *(Variable.of(f"BAZEL_{name}", "//app:app") for name in ("TARGET", "WORKSPACE", "TARGET_NAME")),
                Variable.of("SETTING", "default", VariableMode.DEFAULT),
            ),
        )
        programs = {
            "directly": no_op,
            "launcher, fixed path": write_launcher(
                directory, "fixed", LauncherConfig((Argument(str(no_op)),), export_runfiles=False)
            ),
            "launcher, runfiles and variables": write_launcher(directory, "app", runfiles),
        }
        environment = {f"NAME_{i}": "value" * 10 for i in range(30)} | {"PATH": "/usr/bin:/bin"}
        times: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(options.runs):
            for name, program in programs.items():
                times[name].append(microseconds(str(program), environment))

    base = statistics.median(times["directly"])
    for name, values in times.items():
        median = statistics.median(values)
        print(f"{name:34} median {median:7.1f} us, minimum {min(values):7.1f}, ratio {median / base:5.2f}", end="")
        print(f", added {statistics.median(v - d for v, d in zip(values, times['directly'], strict=True)):6.1f} us")


if __name__ == "__main__":
    main()
