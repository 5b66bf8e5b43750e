"""What writing an image layer of a large site-packages costs, beside tar with gzip, pigz and umoci.

Builds the example's images, then packs the installed wheels of all of them in turns: with our layer writer, which
reuses the wheels' own compressed data, and with each peer that is installed. Prints medians of times and sizes, and
the medians of the ratios of the pairs; then what a second build and one edit cost. The exit code is 1 when tar with
gzip is less than 8 times slower, or when our layer is more than 1.06 times as large.

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

from venvship.tools import write_layer

PROJECT = Path(__file__).resolve().parent.parent
EXAMPLE = PROJECT / "examples" / "shopfront"
IMAGES = ("//apps/api:api_image", "//apps/worker:worker_image")
FASTER_THAN_GZIP = 8.0
FASTER_THAN_PIGZ = 4.0
LARGER_THAN_GZIP = 1.06


def venvship(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "venvship", *arguments], cwd=EXAMPLE, check=True, capture_output=True, text=True
    )
    return done.stdout + done.stderr


def wheels() -> Iterator[tuple[Path, Path | None]]:
    """The directories of installed wheels, and the files that they were unpacked from."""
    user_root = Path(
        next(line for line in venvship("info").splitlines() if line.startswith("output_user_root")).partition(": ")[2]
    )
    archives = {tuple(path.name.split("-")[:2]): path for path in user_root.rglob("*.whl")}
    hub = next((EXAMPLE / "venvship-out").resolve().glob("*/pypi"))
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
    if shutil.which("umoci"):
        peers["umoci insert"] = umoci
    times: dict[str, list[float]] = {name: [] for name in peers}
    sizes: dict[str, int] = {}
    with tempfile.TemporaryDirectory() as temporary:
        packed = staged(found, Path(temporary) / "stage")
        for _ in range(options.runs):
            for name, pack in peers.items():
                started = time.perf_counter()
                output = pack(packed, Path(temporary))
                times[name].append(time.perf_counter() - started)
                sizes[name] = output.stat().st_size
    print(f"{len(packed)} wheels, {sum(1 for _, archive in packed if archive)} with their files")
    print(f"{'':16} {'median s':>9} {'MB':>7} {'slower than ours':>17}")
    slower = {}
    for name in peers:
        slower[name] = statistics.median(theirs / own for theirs, own in zip(times[name], times["ours"], strict=True))
        print(f"{name:16} {statistics.median(times[name]):9.2f} {sizes[name] / 1e6:7.1f} {slower[name]:17.1f}")
    print(f"memory           {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024:.0f} MiB at most")

    started = time.perf_counter()
    venvship("build", *IMAGES)
    print(f"nothing changed  {time.perf_counter() - started:9.2f} s for a build of both images")
    ratio = sizes["ours"] / sizes["tar | gzip -6"]
    print(f"size             {ratio:9.3f} times that of gzip -6")
    good = slower["tar | gzip -6"] >= FASTER_THAN_GZIP and ratio <= LARGER_THAN_GZIP
    return 0 if good and slower.get("tar | pigz -p2", FASTER_THAN_PIGZ) >= FASTER_THAN_PIGZ else 1


if __name__ == "__main__":
    sys.exit(main())
