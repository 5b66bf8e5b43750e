"""Builds the launcher templates from their C source with the Zig compiler that PyPI carries.

The result depends on the source, the flags below and the compiler's version only, not on the machine, the directory or
the cache. `--check` builds into a temporary directory and compares.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import subprocess
import sys
import tempfile
from pathlib import Path

import ziglang

from venvship.launchers.elf import without_section_headers
from venvship.launchers.template import CHECKSUMS, SUPPORTED

COMPILER_VERSION = "0.17.0"
LAUNCHERS = Path(__file__).resolve().parent.parent / "src/venvship/launchers"

COMMON_FLAGS = (
    "-std=c17", "-Os", "-Wall", "-Wextra", "-Werror",
    "-fno-stack-protector", "-fno-sanitize=all", "-Wl,-s",
)  # fmt: skip
LINUX_FLAGS = (
    "-ffreestanding", "-nostdlib", "-static", "-fno-asynchronous-unwind-tables",
    "-Wl,--build-id=none", "-Wl,-T,launcher.ld",
)  # fmt: skip
# The oldest systems that the interpreters we use start on.
TARGETS = {
    "linux_aarch64": "aarch64-linux-musl",
    "linux_x86_64": "x86_64-linux-musl",
    "macos_aarch64": "aarch64-macos.11.0",
    "macos_x86_64": "x86_64-macos.10.13",
}


def build(name: str, *, source: Path, cache: Path) -> bytes:
    """The template of one platform, compiled in the directory `source`."""
    system, _, machine = name.partition("_")
    sources = sorted(path.name for path in source.glob("*.c") if not path.stem.startswith("system_"))
    flags = list(COMMON_FLAGS)
    if system == "linux":
        headers = Path(ziglang.__file__).parent / "lib/libc/include"
        machine_headers = {"x86_64": "x86", "aarch64": "aarch64"}[machine]
        flags += LINUX_FLAGS
        flags += ["-isystem", str(headers / f"{machine_headers}-linux-any"), "-isystem", str(headers / "any-linux-any")]
    with tempfile.TemporaryDirectory() as scratch:
        output = Path(scratch, "launcher")
        environment = os.environ | {"ZIG_GLOBAL_CACHE_DIR": str(cache), "ZIG_LOCAL_CACHE_DIR": str(cache)}
        compiler = [sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[name]]
        subprocess.run(
            [*compiler, *flags, *sources, f"system_{system}.c", "-o", str(output)],
            cwd=source,
            env=environment,
            check=True,
        )
        program = output.read_bytes()
    return without_section_headers(program) if system == "linux" else program


def build_all(*, source: Path, output: Path, cache: Path) -> None:
    output.mkdir(parents=True, exist_ok=True)
    checksums = []
    for name in SUPPORTED:
        program = build(name, source=source, cache=cache)
        (output / name).write_bytes(program)
        checksums.append(f"{hashlib.sha256(program).hexdigest()}  {name}\n")
    (output / CHECKSUMS).write_text("".join(checksums), "ascii")


def differences(one: Path, other: Path) -> list[str]:
    """The files of templates that are not the same in both directories."""
    names = [*SUPPORTED, CHECKSUMS]
    return [name for name in names if not _same(one / name, other / name)]


def _same(one: Path, other: Path) -> bool:
    return one.is_file() and other.is_file() and one.read_bytes() == other.read_bytes()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="compare with the committed templates, change nothing")
    parser.add_argument("--source", type=Path, default=LAUNCHERS / "source")
    parser.add_argument("--output", type=Path, default=LAUNCHERS / "templates")
    parser.add_argument("--cache", type=Path, help="the compiler's cache; a fresh one by default")
    options = parser.parse_args()

    version = subprocess.run([sys.executable, "-m", "ziglang", "version"], capture_output=True, text=True, check=True)
    if version.stdout.strip() != COMPILER_VERSION:
        print(f"ziglang {COMPILER_VERSION} is needed, this is {version.stdout.strip()}", file=sys.stderr)
        return 1

    with tempfile.TemporaryDirectory() as scratch:
        cache = options.cache or Path(scratch, "cache")
        output = Path(scratch, "templates") if options.check else options.output
        build_all(source=options.source, output=output, cache=cache)
        different = differences(output, options.output)
    for name in different:
        print(f"`{name}` is not what its source makes", file=sys.stderr)
    if different:
        print("hint: run tools/build_launchers.py, and commit what it writes", file=sys.stderr)
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
