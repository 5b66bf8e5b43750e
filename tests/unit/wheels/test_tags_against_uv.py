"""Compares which wheel is chosen for a target, and which of two fitting ones, with what uv installs there."""

from __future__ import annotations

import os
import random
import subprocess
import sys
from pathlib import Path

import pytest
from wheel_building import wheel_bytes

from venvship.model.platform import PythonVersion
from venvship.wheels.filename import WheelFilename
from venvship.wheels.tags import supported_tags
from venvship.wheels.targets import parse_target_platform

UV = str(Path(sys.prefix) / "bin/uv")
PROJECTS = 40
PYTHONS = (
    "py3",
    "py2.py3",
    "py2",
    "py311",
    "py310",
    "py313",
    "cp311",
    "cp310",
    "cp39",
    "cp37",
    "cp313",
    "cp314",
    "pp311",
    "cp3",
)
ABIS = ("none", "abi3", "cp311", "cp310", "cp313", "cp313t", "cp314", "abi3.none", "cp311.cp310", "abi3t")
_LINUX = (
    *("linux_{0}", "manylinux1_{0}", "manylinux2010_{0}", "manylinux2014_{0}", "manylinux_2_17_{0}.manylinux2014_{0}"),
    *("manylinux_2_5_{0}", "manylinux_2_28_{0}", "manylinux_2_36_{0}", "manylinux_2_40_{0}", "manylinux_3_0_{0}"),
    *("musllinux_1_1_{0}", "musllinux_1_2_{0}", "musllinux_1_3_{0}", "musllinux_2_0_{0}"),
)
_MACOS = (
    *(
        "macosx_10_9_x86_64",
        "macosx_10_9_universal2",
        "macosx_10_13_x86_64",
        "macosx_10_15_x86_64",
        "macosx_11_0_arm64",
    ),
    *("macosx_11_0_universal2", "macosx_12_0_arm64", "macosx_13_0_x86_64", "macosx_14_0_arm64", "macosx_14_5_arm64"),
    *(
        "macosx_15_0_universal2",
        "macosx_10_9_intel",
        "macosx_10_9_fat64",
        "macosx_10_6_universal",
        "macosx_11_3_x86_64",
    ),
)
PLATFORMS = (
    "any",
    *(text.format(cpu) for text in _LINUX for cpu in ("x86_64", "aarch64")),
    *_MACOS,
    *("win_amd64", "linux_armv7l", "manylinux_2_17_i686.manylinux_2_17_x86_64"),
)


@pytest.mark.parametrize("version", ["3.11", "3.14"])
@pytest.mark.parametrize(
    ("ours", "theirs", "deployment"),
    [
        ("linux-x86_64-glibc2.28", "x86_64-manylinux_2_28", ""),
        ("linux-x86_64-glibc2.17", "x86_64-manylinux2014", ""),
        ("linux-aarch64-glibc2.36", "aarch64-manylinux_2_36", ""),
        ("linux-x86_64-musl1.2", "x86_64-unknown-linux-musl", ""),
        ("macos-arm64-14.0", "aarch64-apple-darwin", "14.0"),
        ("macos-x86_64-10.13", "x86_64-apple-darwin", "10.13"),
        ("macos-x86_64-13.0", "x86_64-apple-darwin", "13.0"),
    ],
)
def test_the_wheel_is_the_one_that_uv_installs(
    ours: str, theirs: str, deployment: str, version: str, tmp_path: Path
) -> None:
    chance = random.Random(f"{ours} {version}")
    tags = supported_tags(parse_target_platform(ours), PythonVersion.parse(version))
    files = tmp_path / "files"
    files.mkdir()
    chosen: dict[str, str] = {}
    for number in range(PROJECTS):
        name = f"p{number}"
        offered = {f"{name}-1-py3-none-any.whl"} if number % 2 else {f"{name}-1-py2.py3-none-any.whl"}
        for _ in range(chance.randint(1, 6)):
            number_of_build = chance.choice(["", "", "1-", "2a-", "10-"])
            words = [chance.choice(PYTHONS), chance.choice(ABIS), chance.choice(PLATFORMS)]
            offered.add(f"{name}-1-{number_of_build}{'-'.join(words)}.whl")
        for filename in sorted(offered):
            tag = "-".join(filename.removesuffix(".whl").split("-")[-3:])
            (files / filename).write_bytes(wheel_bytes(name, "1", {f"{name}.txt": filename}, tag=tag))
        ranked = [
            (rank, wheel) for wheel in map(WheelFilename.parse, offered) if (rank := tags.rank(wheel)) is not None
        ]
        best = min(rank for rank, _ in ranked)
        build = max(wheel.build for rank, wheel in ranked if rank == best)
        equal = [wheel.text for rank, wheel in ranked if rank == best and wheel.build == build]
        # Which of two equally good ones is taken is nobody's rule.
        if len(equal) == 1:
            chosen[name] = equal[0]
    assert len(chosen) > PROJECTS // 2
    target = tmp_path / "installed"
    subprocess.run(
        [
            *(UV, "pip", "install", "--quiet", "--no-config", "--offline", "--no-index", "--no-deps"),
            *(
                "--find-links",
                str(files),
                "--python-platform",
                theirs,
                "--python-version",
                version,
                "--target",
                str(target),
            ),
            *("--cache-dir", str(tmp_path / "cache"), "--python", sys.executable, *chosen),
        ],
        env={"PATH": os.environ["PATH"], "HOME": str(tmp_path), "MACOSX_DEPLOYMENT_TARGET": deployment or "13.0"},
        check=True,
    )
    installed = {name: (target / f"{name}.txt").read_text() for name in chosen}
    assert {name: (installed[name], chosen[name]) for name in chosen if installed[name] != chosen[name]} == {}
