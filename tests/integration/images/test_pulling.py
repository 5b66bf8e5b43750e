"""Bases of registries, pulled by the real command from a registry in this process."""

from __future__ import annotations

import os
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
    base = image(tmp_path, [{"base": noise(400_000, os.getpid())}])
    done = push(Layout(str(base)), Registry(repository, Credential("user", SECRET)))
    workspace.write(
        {
            "MODULE.bazel": MODULE,
            "BUILD": f"""
load("@rules_oci//oci:defs.bzl", "oci_image", "oci_push")
load("@rules_oci//oci:pull.bzl", "oci_pull")
oci_pull(name = "base", image = "{repository}", digest = "{done.digest}")
oci_image(name = "image", base = ":base", entrypoint = ["/app"])
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
