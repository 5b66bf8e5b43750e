"""Loading into engines, with small programs that answer as engines do."""

from __future__ import annotations

import io
import json
import os
import sys
import tarfile
from pathlib import Path

import pytest
from image_building import image, noise

from venvship.tools.oci_layout import Layout
from venvship.tools.oci_load import main

DOCKER = """\
#!{python}
import json, os, sys
here = os.path.dirname(os.path.abspath(__file__))
facts = json.load(open(here + "/facts.json"))
words = sys.argv[1:]
if words == ["--version"]:
    print(facts["version"])
elif words == ["version"] and not facts["answers"]:
    print("Client: 1.0")
    sys.exit("no daemon")
elif words == ["version"]:
    print("Server: 1.0")
elif words[0] == "info":
    print(json.dumps(facts["store"]))
elif words[:2] == ["image", "ls"]:
    print("\\n".join(f"id{{n}}" for n, _ in enumerate(facts["layers"])))
elif words[:2] == ["image", "inspect"]:
    for row in facts["layers"]:
        print(json.dumps(row))
elif words == ["load"]:
    number = len([name for name in os.listdir(here) if name.startswith("loaded")])
    with open(f"{{here}}/loaded{{number}}", "wb") as file:
        file.write(sys.stdin.buffer.read())
    if number < facts["refusals"]:
        sys.exit("refused")
elif words[0] == "pull" and facts["pulls"]:
    with open(here + "/pulled", "w") as file:
        file.write(os.path.realpath(words[-1].removeprefix("oci:")))
    print("abc")
elif words[0] in ("tag", "untag"):
    with open(here + "/" + words[0], "w") as file:
        file.write(" ".join(words[1:]))
else:
    sys.exit("unknown")
"""


class Engine:
    def __init__(self, directory: Path, version: str, **facts: object) -> None:
        self.directory = directory / version.split()[0].lower()
        self.directory.mkdir()
        self.program = self.directory / self.directory.name
        self.program.write_text(DOCKER.format(python=sys.executable))
        self.program.chmod(0o755)
        known = {"version": version, "store": [["Backing Filesystem", "x"]], "layers": [], "refusals": 0, "pulls": True}
        known["answers"] = True
        (self.directory / "facts.json").write_text(json.dumps({**known, **facts}))

    def load(self, layout: Path, *more: str) -> int:
        return main([str(layout), f"--loader={self.program}", "--repo_tag=shop/app:1", *more], os.environ)

    def loaded(self) -> list[set[str]]:
        """What was in each archive that came."""
        found = []
        for path in sorted(self.directory.glob("loaded*")):
            with tarfile.open(fileobj=io.BytesIO(path.read_bytes())) as archive:
                found.append({member.name for member in archive if member.isfile()})
        return found


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    return image(tmp_path, [{"base": noise(9_000)}, {"app/main.py": b"print()"}])


def documents(layout: Path) -> tuple[list[str], list[str]]:
    """Paths of the layers' blobs, and diff ids."""
    read = Layout(str(layout))
    manifest, _ = read.manifest({})
    config, _ = read.document(manifest["config"])
    return [f"blobs/sha256/{row['digest'][7:]}" for row in manifest["layers"]], config["rootfs"]["diff_ids"]


def test_docker_is_not_sent_the_layers_that_it_has_below_an_image(layout: Path, tmp_path: Path) -> None:
    paths, diff_ids = documents(layout)
    engine = Engine(tmp_path, "Docker version 20", layers=[["sha256:other"], [diff_ids[0], "sha256:other"]])
    assert engine.load(layout) == 0
    [names] = engine.loaded()
    assert paths[0] not in names and paths[1] in names
    assert "manifest.json" in names and "index.json" not in names


def test_a_layer_above_others_is_another_one(layout: Path, tmp_path: Path) -> None:
    paths, diff_ids = documents(layout)
    engine = Engine(tmp_path, "Docker version 20", layers=[["sha256:other", *diff_ids]])
    engine.load(layout)
    assert set(paths) <= engine.loaded()[0]


def test_a_store_of_complete_images_gets_everything(layout: Path, tmp_path: Path) -> None:
    paths, diff_ids = documents(layout)
    store = [["driver-type", "io.containerd.snapshotter.v1"]]
    engine = Engine(tmp_path, "Docker version 28", layers=[diff_ids], store=store)
    engine.load(layout)
    assert {*paths, "index.json"} <= engine.loaded()[0]


def test_everything_is_sent_where_less_is_refused(layout: Path, tmp_path: Path) -> None:
    paths, diff_ids = documents(layout)
    engine = Engine(tmp_path, "Docker version 20", layers=[diff_ids], refusals=1)
    assert engine.load(layout) == 0
    assert [len(names & set(paths)) for names in engine.loaded()] == [0, 2]


def test_an_engine_that_refuses_everything_decides_the_exit_code(layout: Path, tmp_path: Path) -> None:
    assert Engine(tmp_path, "Docker version 20", refusals=9).load(layout) == 1


def test_podman_reads_the_layout_and_keeps_no_name_of_its_path(layout: Path, tmp_path: Path) -> None:
    engine = Engine(tmp_path, "podman version 4.3.1")
    assert engine.load(layout, "--platform=linux/amd64") == 0
    assert (engine.directory / "pulled").read_text() == str(layout.resolve())
    assert (engine.directory / "tag").read_text() == "abc shop/app:1"
    assert (engine.directory / "untag").read_text().startswith("abc localhost/")
    assert engine.loaded() == []


@pytest.mark.parametrize("answers", [True, False])
def test_a_docker_without_its_daemon_is_passed_over_where_podman_is(
    layout: Path, tmp_path: Path, answers: bool
) -> None:
    docker, podman = Engine(tmp_path, "Docker version 20", answers=answers), Engine(tmp_path, "podman version 4.3.1")
    path = os.pathsep.join([str(docker.directory), str(podman.directory)])
    assert main([str(layout), "--repo_tag=shop/app:1"], {**os.environ, "PATH": path}) == 0
    assert (len(docker.loaded()), (podman.directory / "pulled").exists()) == (int(answers), not answers)


def test_a_podman_that_can_not_read_the_layout_gets_the_archive(layout: Path, tmp_path: Path) -> None:
    engine = Engine(tmp_path, "podman version 4.3.1", pulls=False)
    assert engine.load(layout) == 0
    assert len(engine.loaded()) == 1
