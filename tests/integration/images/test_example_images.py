"""Every image of the example is walked: nothing twice, no link astray, nothing of the machine that built it."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from venvship.tools.image_reader import FILE, Image, ImageEntry, applied, problems, read_image

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/shopfront"
IMAGES = ("//apps/api:api_image", "//apps/worker:worker_image")
_WHEEL = re.compile(r"app\.runfiles/(?!_main/)[^/]+/[^/]+/[^/]+/")

pytestmark = [pytest.mark.index, pytest.mark.slow]


def venvship(root: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "venvship", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=500, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example with its images built."""
    root = tmp_path_factory.mktemp("example") / "shopfront"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("venvship-*", ".venv"), symlinks=True)
    venvship(root, "build", *IMAGES)
    return root


@pytest.fixture(params=IMAGES)
def image(request: pytest.FixtureRequest, example: Path) -> Image:
    package, _, name = str(request.param).removeprefix("//").partition(":")
    return read_image(str((example / "venvship-bin" / package / name).resolve()))


def test_nothing_is_stored_twice_and_no_link_goes_astray(image: Image) -> None:
    # An archive of others may hold the same file twice itself (a licence, a header under two names), and its layer is
    # the same in all images. What no build may do is to put a file of it somewhere else as well.
    owners: dict[str, ImageEntry] = {}
    for layer in image.layers:
        for entry in layer.entries:
            if entry.kind != FILE or entry.size <= 1024:
                continue
            first = owners.setdefault(entry.sha256, entry)
            theirs = all(_WHEEL.match(one.path) for one in (first, entry))
            assert first is entry or theirs, f"{entry.path} and {first.path}"
    assert list(problems(image, least=1 << 62)) == []


def test_there_is_no_shell_and_nothing_needs_one(image: Image) -> None:
    seen = applied(image.layers)
    shells = [path for path in seen if path.rpartition("/")[2] in ("sh", "bash", "dash", "busybox") and "bin/" in path]
    assert shells == []
    entrypoint = image.config["config"]["Entrypoint"][0].strip("/")
    assert seen[entrypoint][0].kind == FILE and seen[entrypoint][0].mode & 0o111


def test_no_file_holds_a_path_of_this_machine(image: Image, example: Path) -> None:
    layout = (example / "venvship-bin/apps/api/api_image").resolve()
    if image.digest != read_image(str(layout)).digest:
        layout = (example / "venvship-bin/apps/worker/worker_image").resolve()
    output_base = str(layout).partition("/execroot/")[0]
    places = [os.fsencode(place) for place in (example, output_base, Path.home() / ".cache")]
    for layer in image.layers:
        with gzip.open(layout / "blobs/sha256" / layer.digest.removeprefix("sha256:")) as stream:
            tail = b""
            while data := stream.read(1 << 20):
                for place in places:
                    assert place not in tail + data, f"{place!r} in layer {layer.name}"
                tail = data[-512:]


def test_layers_of_wheels_are_the_same_in_all_images(example: Path) -> None:
    digests = []
    for label in IMAGES:
        package, _, name = label.removeprefix("//").partition(":")
        read = read_image(str((example / "venvship-bin" / package / name).resolve()))
        digests.append({layer.name: layer.digest for layer in read.layers})
    shared = set(digests[0].values()) & set(digests[1].values())
    assert len(shared) >= 4


def test_one_edit_changes_one_layer(example: Path) -> None:
    layout = example / "venvship-bin/apps/api/api_image"
    before = read_image(str(layout.resolve()))
    source = example / "apps/api/src/shop_api/__init__.py"
    source.write_text(source.read_text() + "\n# edited\n")
    venvship(example, "build", IMAGES[0])
    after = read_image(str(layout.resolve()))
    changed = [new.name for old, new in zip(before.layers, after.layers, strict=True) if old.digest != new.digest]
    assert changed == ["app"]


def test_the_pages_tell_what_lies_where_and_why(example: Path) -> None:
    shown = venvship(example, "image", "show", IMAGES[0])
    assert "distribution" in shown and "stored more than once" in shown
    explained = venvship(example, "image", "explain", IMAGES[0])
    assert "so it is a layer of its own" in explained and "links of the venv" in explained
    difference = venvship(example, "image", "diff", *IMAGES)
    assert re.search(r"^pull: .* layers$", difference, re.MULTILINE)
    assert "layer `launcher`" in venvship(example, "image", "why", "/app", IMAGES[0])
