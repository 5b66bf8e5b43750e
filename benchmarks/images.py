"""What writing an image layer of a large site-packages costs, beside tar with gzip, pigz, zstd, bsdtar and umoci.

Builds the example's images, then packs the installed wheels of all of them in turns: with our layer writer, which
reuses the wheels' own compressed data, and with each peer that is installed. Prints medians of times and sizes, and
the medians of the ratios of the pairs; then what a second build, a second image over the same wheels and one edit
cost. The exit code is 1 when tar with gzip is less than 8 times slower or pigz less than 4 times, when our layer is
more than 1.06 times as large, when packing takes more than 150 MiB of memory, or when the second image makes blobs
beside its own code.

    .venv/bin/python benchmarks/images.py --runs 3
"""

from __future__ import annotations

import argparse
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from venvship.model.platform import PythonVersion
from venvship.tools import assemble_image, write_layer
from venvship.wheels.filename import WheelFilename
from venvship.wheels.tags import supported_tags
from venvship.wheels.targets import parse_target_platform

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLE = PROJECT / "examples" / "shopfront"
IMAGES = ("//apps/api:api_image", "//apps/worker:worker_image")
FASTER_THAN_GZIP = 8.0
FASTER_THAN_PIGZ = 4.0
LARGER_THAN_GZIP = 1.06
MEMORY_MIB = 150
EDIT_SECONDS = 0.150
OWN_CODE = 1 << 20
SECOND_IMAGE = """\
load("@aspect_rules_py//py:defs.bzl", "py_image_layer")
load("@rules_oci//oci:defs.bzl", "oci_image")
py_image_layer(name = "layers", binary = "//apps/cli:shop")
oci_image(name = "image", base = "//:base", entrypoint = ["/app"], tars = [":layers"])
"""


def venvship(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "venvship", *arguments], cwd=EXAMPLE, check=True, capture_output=True, text=True
    )
    return done.stdout + done.stderr


def wheels() -> Iterator[tuple[Path, Path | None]]:
    """The directories of installed wheels, with bytecode as images have it, and what they were unpacked from."""
    # The store may have those of other platforms, too.
    tags = supported_tags(parse_target_platform("linux-x86_64"), PythonVersion(*sys.version_info[:2]))
    fitting = [path for path in user_root().rglob("*.whl") if tags.rank(WheelFilename.parse(path.name)) is not None]
    archives = {tuple(path.name.split("-")[:2]): path for path in fitting}
    hub = next((EXAMPLE / "venvship-out").resolve().glob("*/.bytecode/pypi"))
    for directory in sorted(path for path in hub.glob("*/*") if path.is_dir() and (path / "lib").is_dir()):
        yield directory, archives.get((directory.parent.name, directory.name))


def staged(found: list[tuple[Path, Path | None]], into: Path) -> list[tuple[Path, Path | None]]:
    """Copies of the wheels in one directory that holds nothing else, as the peers want it."""
    packed = []
    for directory, archive in found:
        target = into / directory.parent.name / directory.name
        shutil.copytree(directory, target, symlinks=True)
        packed.append((target, archive))
    return packed


def ours(packed: list[tuple[Path, Path | None]], work: Path) -> Path:
    rows = []
    for directory, archive in packed:
        row = {"tree": str(directory), "at": f"app.runfiles/pypi/{directory.parent.name}/{directory.name}"}
        rows.append({**row, "wheel": str(archive)} if archive else row)
    output = work / "ours.tar.gz"
    write_layer.run({"rows": rows, "output": str(output), "compressor": "isal"})
    return output


def piped(compressor: list[str]) -> Callable[[list[tuple[Path, Path | None]], Path], Path]:
    def pack(packed: list[tuple[Path, Path | None]], work: Path) -> Path:
        output = work / f"{compressor[0]}.tar.gz"
        with output.open("wb") as file:
            tar = subprocess.Popen(["tar", "-C", str(packed[0][0].parent.parent), "-c", "."], stdout=subprocess.PIPE)
            subprocess.run(compressor, stdin=tar.stdout, stdout=file, check=True)
            if tar.wait():
                raise SystemExit("tar failed")
        return output

    return pack


def bsdtar(*compression: str) -> Callable[[list[tuple[Path, Path | None]], Path], Path]:
    def pack(packed: list[tuple[Path, Path | None]], work: Path) -> Path:
        output = work / "bsdtar.tar"
        hub = packed[0][0].parent.parent
        subprocess.run(["bsdtar", *compression, "-C", str(hub), "-cf", str(output), "."], check=True)
        return output

    return pack


def user_root() -> Path:
    lines = venvship("info").splitlines()
    return Path(next(line for line in lines if line.startswith("output_user_root")).partition(": ")[2])


def second_image() -> tuple[str, int]:
    """How a second image over the wheels of the first was built, and the bytes of its blobs that were not there."""
    directory = EXAMPLE / "apps" / "benchmark"
    directory.mkdir()
    try:
        (directory / "BUILD.bazel").write_text(SECOND_IMAGE)
        before = {path.lstat().st_ino for path in user_root().rglob("*")}
        report = venvship("build", "//apps/benchmark:image")
        layout = next((EXAMPLE / "venvship-out").resolve().glob("*/bin/apps/benchmark/image"))
        blobs = [path.stat() for path in (layout / "blobs/sha256").iterdir()]
    finally:
        shutil.rmtree(directory)
    actions = next(line for line in report.splitlines() if "Actions:" in line).partition("Actions: ")[2]
    return actions, sum(status.st_size for status in blobs if status.st_ino not in before)


def one_edit(work: Path, runs: int) -> float:
    """The least CPU seconds of what one edit runs: the layer of first-party code, and the layout of the image."""
    layout = next((EXAMPLE / "venvship-out").resolve().glob("*/bin/apps/api/api_image"))
    spent = []
    for number in range(runs):
        begun = time.process_time()
        rows = [{"tree": str(EXAMPLE / "apps/api/src"), "at": "app.runfiles/_main/apps/api/src"}]
        blob, descriptor = str(work / f"app{number}.tar.gz"), str(work / f"app{number}.json")
        write_layer.run({"rows": rows, "output": blob, "descriptor": descriptor, "compressor": "isal"})
        layers = [{"blob": blob, "descriptor": descriptor, "comment": "app"}]
        assemble_image.run({"output": str(work / f"layout{number}"), "base": str(layout), "layers": layers})
        spent.append(time.process_time() - begun)
    return min(spent)


def umoci(packed: list[tuple[Path, Path | None]], work: Path) -> Path:
    layout = work / "umoci"
    shutil.rmtree(layout, ignore_errors=True)
    quiet = {"check": True, "capture_output": True}
    subprocess.run(["umoci", "init", "--layout", str(layout)], **quiet)  # type: ignore[call-overload]
    subprocess.run(["umoci", "new", "--image", f"{layout}:a"], **quiet)  # type: ignore[call-overload]
    hub = packed[0][0].parent.parent
    subprocess.run(["umoci", "insert", "--image", f"{layout}:a", str(hub), "/app"], **quiet)  # type: ignore[call-overload]
    return max((layout / "blobs/sha256").iterdir(), key=lambda path: path.stat().st_size)


def main() -> int:
    parser = argparse.ArgumentParser()
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    venvship("build", *IMAGES)
    found = list(wheels())
    peers: dict[str, Callable[[list[tuple[Path, Path | None]], Path], Path]] = {"ours": ours}
    peers["tar | gzip -6"] = piped(["gzip", "-6"])
    if shutil.which("pigz"):
        peers["tar | pigz -p2"] = piped(["pigz", "-6", "-p2"])
    if shutil.which("zstd"):
        peers["tar | zstd -3"] = piped(["zstd", "-q", "-3", "-T0"])
    if shutil.which("bsdtar"):
        peers["bsdtar gzip"] = bsdtar("--gzip")
        peers["bsdtar zstd"] = bsdtar("--zstd")
    if shutil.which("umoci"):
        peers["umoci insert"] = umoci
    times: dict[str, list[float]] = {name: [] for name in peers}
    sizes: dict[str, int] = {}
    memory = 0.0
    with tempfile.TemporaryDirectory() as temporary:
        packed = staged(found, Path(temporary) / "stage")
        for _ in range(options.runs):
            for name, pack in peers.items():
                started = time.perf_counter()
                output = pack(packed, Path(temporary))
                times[name].append(time.perf_counter() - started)
                sizes[name] = output.stat().st_size
                memory = max(memory, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024)
        edit = one_edit(Path(temporary), options.runs)
    print(f"{len(packed)} wheels, {sum(1 for _, archive in packed if archive)} with their files")
    print(f"{'':16} {'median s':>9} {'MB':>7} {'slower than ours':>17}")
    slower = {}
    for name in peers:
        slower[name] = statistics.median(theirs / own for theirs, own in zip(times[name], times["ours"], strict=True))
        print(f"{name:16} {statistics.median(times[name]):9.2f} {sizes[name] / 1e6:7.1f} {slower[name]:17.1f}")
    print(f"memory           {memory:9.0f} MiB at most")

    started = time.perf_counter()
    venvship("build", *IMAGES)
    print(f"nothing changed  {time.perf_counter() - started:9.2f} s for a build of both images")
    actions, written = second_image()
    print(f"second image     {written / 1e6:9.2f} MB of new blobs; actions: {actions}")
    print(f"one edit         {edit * 1000:9.0f} ms of CPU for its layer and the layout")
    ratio = sizes["ours"] / sizes["tar | gzip -6"]
    print(f"size             {ratio:9.3f} times that of gzip -6")
    good = slower["tar | gzip -6"] >= FASTER_THAN_GZIP and ratio <= LARGER_THAN_GZIP
    good = good and memory <= MEMORY_MIB and written <= OWN_CODE and edit <= EDIT_SECONDS
    return 0 if good and slower.get("tar | pigz -p2", FASTER_THAN_PIGZ) >= FASTER_THAN_PIGZ else 1


if __name__ == "__main__":
    sys.exit(main())
