"""Every image of the example is walked: nothing twice, no link astray, nothing of the machine that built it."""

from __future__ import annotations

import gzip
import os
import re
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Mapping
from pathlib import Path

import pytest
from real_registry import real_registry

from venvship.tools.image_reader import FILE, Image, ImageEntry, applied, problems, read_image
from venvship.tools.oci_layout import Layout
from venvship.tools.oci_pull import pull
from venvship.tools.oci_push import push
from venvship.tools.oci_registry import Registry, Repository

EXAMPLE = Path(__file__).resolve().parents[3] / "examples/shopfront"
IMAGES = ("//apps/api:api_image", "//apps/worker:worker_image")
INDEXES = ("//apps/api:api_index", "//apps/worker:worker_index")
# The lock of Debian packages has a CPython of this version for the other processor.
VERSION = "--@aspect_rules_py//py:python_version=3.11"
_OF_OTHERS = re.compile(r"app\.runfiles/(?!_main/)[^/]+/[^/]+/[^/]+/|usr/share/")

pytestmark = [pytest.mark.index, pytest.mark.slow]


def venvship(root: Path, *arguments: str) -> str:
    command = [sys.executable, "-m", "venvship", *arguments]
    done = subprocess.run(command, cwd=root, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the example with its images built."""
    root = tmp_path_factory.mktemp("example") / "shopfront"
    shutil.copytree(EXAMPLE, root, ignore=shutil.ignore_patterns("venvship-*", ".venv"), symlinks=True)
    venvship(root, "build", *IMAGES)
    return root


@pytest.fixture(scope="module")
def layouts(example: Path) -> Mapping[str, Path]:
    """Every image of the example, by its path in the output tree and its processor."""
    venvship(example, "build", VERSION, *INDEXES, "--symlink_prefix=other-")
    found = (example / "other-out").resolve().glob("*/bin/apps/*/*_image")
    return {f"{path.name} {read_image(str(path)).config['architecture']}": path for path in found}


@pytest.fixture(params=[f"{name}_image {processor}" for name in ("api", "worker") for processor in ("amd64", "arm64")])
def layout(request: pytest.FixtureRequest, layouts: Mapping[str, Path]) -> Path:
    return layouts[request.param]


@pytest.fixture
def image(layout: Path) -> Image:
    return read_image(str(layout))


def test_nothing_is_stored_twice_and_no_link_goes_astray(image: Image) -> None:
    # Layers of wheels, interpreters and Debian packages are the same in all images, so two of them may each bring a
    # file (a licence, a time zone). What no layer may have is one file twice, and what no build may do is to put a file
    # of theirs somewhere else as well.
    owners: dict[str, ImageEntry] = {}
    for layer in image.layers:
        own: set[str] = set()
        for entry in layer.entries:
            if entry.kind != FILE or entry.size <= 1024:
                continue
            assert entry.sha256 not in own, f"{entry.path} is in {layer.name} under another name as well"
            own.add(entry.sha256)
            first = owners.setdefault(entry.sha256, entry)
            theirs = all(_OF_OTHERS.match(one.path) for one in (first, entry))
            assert first is entry or theirs, f"{entry.path} and {first.path}"
    assert list(problems(image, least=1 << 62)) == []


def test_there_is_no_shell_and_nothing_needs_one(image: Image) -> None:
    seen = applied(image.layers)
    shells = [path for path in seen if path.rpartition("/")[2] in ("sh", "bash", "dash", "busybox") and "bin/" in path]
    assert shells == []
    entrypoint = image.config["config"]["Entrypoint"][0].strip("/")
    assert seen[entrypoint][0].kind == FILE and seen[entrypoint][0].mode & 0o111


def test_no_file_holds_a_path_of_this_machine(image: Image, layout: Path, example: Path) -> None:
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


def test_the_api_answers_from_a_pulled_image_on_a_read_only_root(example: Path, tmp_path: Path) -> None:
    for program in ("docker-registry", "umoci", "bwrap"):
        if shutil.which(program) is None:
            pytest.skip(f"{program} is not installed")
    with real_registry(tmp_path) as address:
        layout = (example / "venvship-bin/apps/api/api_image").resolve()
        repository = Registry(Repository.parse(f"{address}/shop/api"))
        pushed = push(Layout(str(layout)), repository, tags=["v1"])
        pull(repository, pushed.digest, str(tmp_path / "pulled"))
        unpack = ["umoci", "unpack", "--image", f"{tmp_path}/pulled:latest", str(tmp_path / "bundle")]
        subprocess.run(unpack, check=True, capture_output=True, timeout=600)
        isolated = [
            "--unshare-all",
            "--share-net",
            "--uid",
            "65532",
            "--gid",
            "65532",
            "--clearenv",
            "--die-with-parent",
        ]
        mounts = ["--ro-bind", str(tmp_path / "bundle/rootfs"), "/", "--proc", "/proc", "--dev", "/dev"]
        command = [
            "bwrap",
            *mounts,
            "--tmpfs",
            "/tmp",
            *isolated,
            "--die-with-parent",
            "/app",
            "--host=127.0.0.1",
            "--port=0",
        ]
        log = tmp_path / "api.log"
        with log.open("wb") as errors:
            server = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=errors, text=True)
        try:
            assert server.stdout is not None
            told = server.stdout.readline()
            assert told.startswith("listening on http://127.0.0.1:"), log.read_text()
            with urllib.request.urlopen(f"{told.split()[-1]}/products", timeout=600) as response:
                assert b"sku" in response.read()
        finally:
            server.kill()
            server.communicate()
