from __future__ import annotations

import pytest

from venvship.model.platform import Cpu, Libc, Os, Platform, PythonVersion
from venvship.wheels.filename import WheelFilename
from venvship.wheels.tags import supported_tags

LINUX = Platform.parse("linux_x86_64")
ARM_MAC = Platform.parse("macos_arm64")
PY311 = PythonVersion(3, 11)


def fits(platform: Platform, python: PythonVersion, tag: str) -> bool:
    return supported_tags(platform, python).rank(WheelFilename.parse(f"a-1-{tag}.whl")) is not None


@pytest.mark.parametrize(
    ("platform", "python", "tag", "expected"),
    [
        (LINUX, PY311, "py3-none-any", True),
        (LINUX, PY311, "py2.py3-none-any", True),
        (LINUX, PY311, "py2-none-any", False),
        (LINUX, PY311, "cp311-cp311-manylinux_2_17_x86_64.manylinux2014_x86_64", True),
        (LINUX, PY311, "cp311-cp311-manylinux_2_36_x86_64", True),
        (LINUX, PY311, "cp311-cp311-manylinux_2_37_x86_64", False),
        (LINUX, PY311, "cp311-cp311-manylinux1_x86_64", True),
        (LINUX, PY311, "cp311-cp311-musllinux_1_2_x86_64", False),
        (LINUX, PY311, "cp311-cp311-manylinux_2_17_aarch64", False),
        (LINUX, PY311, "cp311-cp311-linux_x86_64", True),
        (LINUX, PY311, "cp310-cp310-manylinux_2_17_x86_64", False),
        (LINUX, PY311, "cp37-abi3-manylinux_2_17_x86_64", True),
        (LINUX, PY311, "cp312-abi3-manylinux_2_17_x86_64", False),
        (LINUX, PY311, "cp311-cp311-win_amd64", False),
        (LINUX, PythonVersion(3, 13, freethreaded=True), "cp313-cp313t-manylinux_2_17_x86_64", True),
        (LINUX, PythonVersion(3, 13, freethreaded=True), "cp313-cp313-manylinux_2_17_x86_64", False),
        (LINUX, PythonVersion(3, 13, freethreaded=True), "cp37-abi3-manylinux_2_17_x86_64", False),
        (LINUX, PythonVersion(3, 13), "cp313-cp313t-manylinux_2_17_x86_64", False),
        (LINUX, PythonVersion(3, 14, freethreaded=True), "cp314-cp314t-manylinux_2_17_x86_64", True),
        (LINUX, PythonVersion(3, 14, freethreaded=True), "cp313-cp313t-manylinux_2_17_x86_64", False),
        (LINUX, PythonVersion(3, 14, freethreaded=True), "cp314-abi3-manylinux_2_17_x86_64", False),
        (LINUX, PythonVersion(3, 14, freethreaded=True), "cp314-abi3.cp314t-manylinux_2_17_x86_64", True),
        (LINUX, PythonVersion(3, 14, freethreaded=True), "cp314-none-manylinux_2_17_x86_64", True),
        (LINUX, PythonVersion(3, 14, freethreaded=True), "py2.py3-none-any", True),
        (LINUX, PythonVersion(3, 14), "cp314-abi3-manylinux_2_17_x86_64", True),
        (ARM_MAC, PY311, "cp311-cp311-macosx_11_0_arm64", True),
        (ARM_MAC, PY311, "cp311-cp311-macosx_12_0_arm64", False),
        (ARM_MAC, PY311, "cp311-cp311-macosx_10_9_universal2", True),
        (ARM_MAC, PY311, "cp311-cp311-macosx_10_9_x86_64", False),
        (Platform(Os.LINUX, Cpu.AARCH64, Libc.MUSL, (1, 2)), PY311, "cp311-cp311-musllinux_1_1_aarch64", True),
        (Platform(Os.LINUX, Cpu.AARCH64, Libc.MUSL, (1, 2)), PY311, "cp311-cp311-manylinux_2_17_aarch64", False),
    ],
)
def test_a_wheel_fits_a_target_or_not(platform: Platform, python: PythonVersion, tag: str, expected: bool) -> None:
    assert fits(platform, python, tag) is expected


def test_the_more_specific_wheel_has_the_better_rank() -> None:
    tags = supported_tags(LINUX, PY311)
    order = [
        "cp311-cp311-manylinux_2_28_x86_64",
        "cp311-cp311-manylinux_2_17_x86_64",
        "cp311-abi3-manylinux_2_17_x86_64",
        "cp39-abi3-manylinux_2_17_x86_64",
        "py3-none-manylinux_2_17_x86_64",
        "py3-none-any",
    ]
    ranks = [tags.rank(WheelFilename.parse(f"a-1-{tag}.whl")) for tag in order]
    assert ranks == sorted(rank for rank in ranks if rank is not None)


@pytest.mark.parametrize(
    ("tag", "reason"),
    [
        ("cp311-cp311-win_amd64", "is built for win_amd64, the target is linux_x86_64 with glibc 2.36"),
        ("cp311-cp311-manylinux_2_39_x86_64", "glibc 2.36"),
        (
            "cp37-abi3-musllinux_1_2_x86_64.musllinux_1_1_x86_64",
            "musllinux_1_2_x86_64.musllinux_1_1_x86_64, the target",
        ),
        ("cp27-cp27m-manylinux1_x86_64", "is built for Python cp27, the target is cp311"),
        ("cp310-cp310-manylinux1_x86_64", "is built for Python cp310 with ABI cp310, the target is cp311"),
    ],
)
def test_a_refusal_says_what_does_not_fit(tag: str, reason: str) -> None:
    assert reason in supported_tags(LINUX, PY311).refusal(WheelFilename.parse(f"a-1-{tag}.whl"))


def test_a_refusal_of_the_stable_abi_tells_that_the_target_has_no_lock() -> None:
    tags = supported_tags(LINUX, PythonVersion(3, 14, freethreaded=True))
    reason = tags.refusal(WheelFilename.parse("a-1-cp37-abi3-manylinux_2_17_x86_64.whl"))
    assert reason == "is built for Python cp37 with ABI abi3, the target is cp314t"
