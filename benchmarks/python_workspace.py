"""A generated workspace of Python packages over locked distributions: libraries, programs and tests, or images."""

from __future__ import annotations

import random
from dataclasses import dataclass
from pathlib import Path

from locked_wheels import MODULE_FILE, FakeIndex, Wheel, lock_of

LOADS = """load("@aspect_rules_py//py:defs.bzl", "py_binary", "py_image_layer", "py_library", "py_test")
load("@rules_oci//oci:defs.bzl", "oci_image")

package(default_visibility = ["//visibility:public"])
"""
BASE = """load("@venvship//oci:defs.bzl", "runtime_base")

runtime_base(
    name = "base",
    visibility = ["//visibility:public"],
)
"""
SOURCES = 5
NEARBY = 20


@dataclass(frozen=True, slots=True)
class Shape:
    """How many packages, how many of them have an image, and how many distributions are locked."""

    packages: int
    images: int
    wheels: int

    def scaled(self, factor: float) -> Shape:
        return Shape(*(round(number * factor) for number in (self.packages, self.images, self.wheels)))

    def __str__(self) -> str:
        images = f", {self.images} images" if self.images else ""
        return f"{self.packages} packages{images}, {self.wheels} distributions"


def make_workspace(root: Path, index: FakeIndex, shape: Shape) -> None:
    """The same shape gives the same bytes, whose wheels `index` then offers.

    With images, a package is a library, and some have a program with an image; without, each is a library, a program
    and a test.
    """
    chosen = random.Random(1)
    wheels = [_wheel(number, chosen) for number in range(shape.wheels)]
    every = shape.packages // shape.images if shape.images else 1
    files = {
        "MODULE.bazel": MODULE_FILE,
        "pyproject.toml": "",
        "uv.lock": lock_of(index, wheels),
        "BUILD.bazel": BASE if shape.images else "",
    }
    for number in range(shape.packages):
        package = package_of(number)
        nearby = range(max(0, number - NEARBY), number)
        deps = [f"//{package_of(one)}:lib" for one in sorted(chosen.sample(nearby, min(3, len(nearby))))]
        deps += sorted(f"@pypi//{wheel.name}" for wheel in chosen.sample(wheels, min(6, len(wheels))))
        lines = [LOADS, 'py_library(name = "lib", srcs = glob(["lib*.py"]), deps = [']
        lines += [*(f'    "{label}",' for label in deps), "])"]
        if number % every == 0:
            lines.append('py_binary(name = "app", srcs = ["main.py"], deps = [":lib"])')
        if number % every == 0 and shape.images:
            lines.append('py_image_layer(name = "layers", binary = ":app")')
            lines.append('oci_image(name = "image", base = "//:base", tars = [":layers"], entrypoint = ["/app"])')
        if not shape.images:
            lines.append('py_test(name = "app_test", srcs = ["app_test.py"], deps = [":lib"])')
        files[f"{package}/BUILD.bazel"] = "\n".join(lines) + "\n"
        files[f"{package}/main.py"] = files[f"{package}/app_test.py"] = (
            f"from {package.replace('/', '.')} import lib0\n"
        )
        files |= {f"{package}/lib{one}.py": f"VALUE = {one}\n" for one in range(SOURCES)}
    for path, text in files.items():
        (root / path).parent.mkdir(parents=True, exist_ok=True)
        (root / path).write_text(text)


def package_of(number: int) -> str:
    return f"pkgs/p{number:03}"


def _wheel(number: int, chosen: random.Random) -> Wheel:
    """Wheels need others that come before them, so that there are no circles."""
    name = f"wheel{number}"
    needs = tuple(f"wheel{one}" for one in sorted(chosen.sample(range(number), min(2, number)))) if number % 3 else ()
    return Wheel.made(name, files={f"{name}/__init__.py": f"NAME = '{name}'\n", f"{name}/part.py": ""}, needs=needs)
