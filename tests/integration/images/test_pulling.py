"""Bases of registries, pulled by the real command from a registry in this process."""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from fake_registry import FakeRegistry, running_registry
from image_building import image, noise
from real_workspace import MODULE, RealWorkspace

from venvship.tools.oci_credentials import Credential
from venvship.tools.oci_layout import Layout
from venvship.tools.oci_push import push
from venvship.tools.oci_registry import Registry, Repository

SECRET = "hunter2-and-more"
HELPER = """\
#!/bin/sh
read host
test "$1" = get && test "$SHOP_PROFILE" = test && echo "{\\"ServerURL\\": \\"$host\\", \\"Username\\": \\"user\\", \\"Secret\\": \\"$(cat "$HOME/secret")\\"}"
"""  # noqa: E501


@pytest.fixture
def served() -> Iterator[FakeRegistry]:
    with running_registry() as registry:
        yield registry


@pytest.fixture
def shop(workspace: RealWorkspace, served: FakeRegistry, tmp_path: Path) -> RealWorkspace:
    """A workspace with an image whose base is in a registry that wants a password."""
    served.password, served.tokens = SECRET, True
    host = served.url.removeprefix("http://")
    repository = Repository.parse(f"{host}/base/python")
    base = image(tmp_path, [{"base": noise(400_000, hash(str(tmp_path)))}])
    done = push(Layout(str(base)), Registry(repository, Credential("user", SECRET)))
    workspace.write(
        {
            "MODULE.bazel": MODULE,
            "BUILD": f"""
load("@rules_oci//oci:defs.bzl", "oci_image", "oci_push")
load("@rules_oci//oci:pull.bzl", "oci_pull")
oci_pull(name = "base", image = "{repository}", digest = "{done.digest}")
oci_image(name = "image", base = ":base", entrypoint = ["/app"], env = {{"A": "b"}})
oci_push(name = "push", image = ":image", repository = "{host}/team/app")
""",
        }
    )
    return workspace


def give_helper(shop: RealWorkspace, directory: Path) -> None:
    """A user whose docker configuration names a helper, which needs a variable of the user's."""
    home = directory / "user"
    (home / ".docker").mkdir(parents=True)
    (home / ".docker/config.json").write_text('{"credsStore": "test"}')
    (home / "secret").write_text(SECRET)
    (home / "bin").mkdir()
    helper = home / "bin/docker-credential-test"
    helper.write_text(HELPER)
    helper.chmod(0o755)
    shop.environment.update(HOME=str(home), PATH=f"{home}/bin:{os.environ['PATH']}", SHOP_PROFILE="test")


def test_a_pull_uses_the_credentials_of_the_user_and_keeps_them_nowhere(
    shop: RealWorkspace, served: FakeRegistry, tmp_path: Path
) -> None:
    refused = shop.build("//:image")
    assert refused.code != 0 and "no credentials are" in refused.stderr
    give_helper(shop, tmp_path)
    done = shop.built("//:image", "--verbose_failures")
    assert SECRET not in done.stdout + done.stderr
    pulled = served.count("GET .*/blobs/")
    shop.environment["SHOP_PROFILE"] = "another"
    assert shop.built("//:image").actions()[0] == 0
    assert served.count("GET .*/blobs/") == pulled
    kept = [path for path in shop.cache.rglob("*") if path.is_file() and not path.is_symlink()]
    assert kept
    assert not [path for path in kept if SECRET.encode() in path.read_bytes()]


def test_layers_of_a_lazy_base_stay_in_the_registry_until_something_reads_them(
    shop: RealWorkspace, served: FakeRegistry, tmp_path: Path
) -> None:
    give_helper(shop, tmp_path)
    build = (shop.root / "BUILD").read_text()
    host = served.url.removeprefix("http://")
    more = (
        f'oci_push(name = "elsewhere", image = ":image", repository = "{host}/team/other")\n'
        'load("@rules_oci//oci:defs.bzl", "oci_load")\noci_load(name = "load", image = ":image", repo_tags = ["a:b"])\n'
    )
    shop.write({"BUILD": build.replace('digest = "', 'lazy = True, digest = "') + more})
    shop.built("//:image")
    assert served.count("GET .*/blobs/") == 1, "the configuration only"

    pushed = shop.run("run", "//:push")
    assert pushed.code == 0, pushed.stderr
    assert "1 blobs uploaded" in pushed.stderr and "1 mounted" in pushed.stderr and served.count("GET .*/blobs/") == 1

    served.mounts = False
    pushed = shop.run("run", "//:elsewhere")
    assert pushed.code == 0, pushed.stderr
    fetched = served.count("GET .*/blobs/")
    assert fetched > 1
    digest = max(served.blobs, key=lambda key: len(served.blobs[key]))[1]
    assert served.blobs.keys() >= {("team/app", digest), ("team/other", digest)}

    archive = tmp_path / "image.tar"
    loaded = shop.run("run", "//:load", "--", f"--output={archive}")
    assert loaded.code == 0, loaded.stderr
    assert archive.stat().st_size > 400_000
    shown = shop.run("image", "show", "//:image")
    assert shown.code == 0, shown.stderr
    assert served.count("GET .*/blobs/") == fetched, "what was fetched stays"


def test_a_lazy_layer_that_is_gone_is_an_error(shop: RealWorkspace, served: FakeRegistry, tmp_path: Path) -> None:
    give_helper(shop, tmp_path)
    build = (shop.root / "BUILD").read_text()
    shop.write({"BUILD": build.replace('digest = "', 'lazy = True, digest = "')})
    shop.built("//:image")
    served.blobs.clear()
    shown = shop.run("image", "show", "//:image")
    assert shown.code != 0 and "can't be read" in shown.stderr and "has no blobs/sha256:" in shown.stderr
    pushed = shop.run("run", "//:push")
    assert pushed.code != 0 and "error: " in pushed.stderr and "Traceback" not in pushed.stderr


def test_show_tells_all_that_the_configuration_says(shop: RealWorkspace, tmp_path: Path) -> None:
    give_helper(shop, tmp_path)
    build = (shop.root / "BUILD").read_text()
    settings = """
oci_image(
    name = "full", base = ":base", entrypoint = ["/app", "two words"], cmd = ["serve"], user = "65532",
    workdir = "/srv", exposed_ports = ["8080/tcp"], volumes = ["/data"], labels = {"title": "shop"},
    annotations = {"vendor": "us"}, env = {"MODE": "test"}, tars = ["own.tar"],
)
"""
    shop.write({"BUILD": build + settings})
    tarfile.open(shop.root / "own.tar", "w").close()
    shown = shop.run("image", "show", "//:full")
    assert shown.code == 0, shown.stderr
    rows = [line.split(None, 1) for line in shown.stdout.partition("\n\n")[0].splitlines()]
    assert [row for row in rows if row[0] not in ("digest", "layout")] == [
        ["entrypoint", "/app 'two words'"],
        ["user", "65532"],
        ["env", "MODE=test"],
        ["platform", "linux/amd64"],
        ["cmd", "serve"],
        ["workdir", "/srv"],
        ["port", "8080/tcp"],
        ["volume", "/data"],
        ["label", "title=shop"],
        ["annotation", "vendor=us"],
        ["created", "1970-01-01T00:00:00Z"],
    ]
    # Nobody has counted what an archive of others holds.
    [row] = [line.split() for line in shown.stdout.splitlines() if line.startswith("//:own.tar")]
    assert (row[1], row[4]) == ("?", "?")
