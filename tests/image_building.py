"""Small images for tests, made with the tools that actions run."""

from __future__ import annotations

import base64
import os
import pwd
import random
from collections.abc import Mapping, Sequence
from pathlib import Path

from venvship.tools import assemble_image, assemble_index, write_layer


def engines_can_unpack() -> bool:
    """Whether engines can give files to the users of an image; without ranges of ids they can't, but for root."""
    if os.geteuid() == 0:
        return True
    try:
        rows = Path("/etc/subuid").read_text().splitlines()
    except OSError:
        return False
    names = {str(os.getuid()), pwd.getpwuid(os.getuid()).pw_name}
    return any(row.partition(":")[0] in names for row in rows)


def noise(size: int, seed: int = 0) -> bytes:
    """Bytes that hardly compress."""
    return random.Random(f"{seed} {size}").randbytes(size)


def layer(directory: Path, name: str, files: Mapping[str, bytes]) -> dict[str, str]:
    blob, descriptor = directory / f"{name}.tar.gz", directory / f"{name}.json"
    rows = [{"text": base64.b64encode(data).decode(), "at": path} for path, data in files.items()]
    write_layer.run({"rows": rows, "output": str(blob), "descriptor": str(descriptor), "compressor": "zlib"})
    return {"blob": str(blob), "descriptor": str(descriptor), "comment": name}


def image(
    directory: Path, layers: Sequence[Mapping[str, bytes]], *, name: str = "image", architecture: str = "amd64"
) -> Path:
    """An OCI layout with one layer for each of `layers`."""
    directory.mkdir(parents=True, exist_ok=True)
    made = [layer(directory, f"{name}{number}", files) for number, files in enumerate(layers)]
    layout = directory / name
    assemble_image.run(
        {
            "output": str(layout),
            "layers": made,
            "platform": {"os": "linux", "architecture": architecture},
            "config": {"entrypoint": ["/app"], "user": "65532"},
        }
    )
    return layout


def index(directory: Path, images: Sequence[Path]) -> Path:
    layout = directory / "index"
    assemble_index.run({"output": str(layout), "images": [str(one) for one in images]})
    return layout
