"""Pushing and pulling, with a registry that does everything wrong that registries do."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import os
import shutil
import ssl
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from fake_registry import FakeRegistry, Handler, running_registry
from image_building import image, index, noise

from venvship.tools.oci_credentials import Credential, CredentialProblem, find_credential
from venvship.tools.oci_documents import ImageProblem
from venvship.tools.oci_layout import Layout
from venvship.tools.oci_pull import pull
from venvship.tools.oci_pull import run as pull_tool
from venvship.tools.oci_push import Pushed, main, push
from venvship.tools.oci_registry import (
    AbsentFromRegistry,
    Registry,
    RegistryProblem,
    RegistryUnavailable,
    Repository,
    check_tag,
)

BIG = 300_000


@pytest.fixture
def served() -> Iterator[FakeRegistry]:
    with running_registry() as registry:
        yield registry


@pytest.fixture
def layout(tmp_path: Path) -> Path:
    return image(tmp_path, [{"base": noise(BIG)}, {"app/main.py": b"print()"}])


def client(served: FakeRegistry, name: str = "team/app", credential: Credential | None = None) -> Registry:
    repository = Repository.parse(f"{served.url.removeprefix('http://')}/{name}")
    return Registry(repository, credential, delays=(0.0, 0.0, 0.0), sleep=lambda seconds: None)


def pushed(served: FakeRegistry, layout: Path, *tags: str, **rest: object) -> Pushed:
    return push(Layout(str(layout)), client(served), tags=tags, **rest)  # type: ignore[arg-type]


def digest_of(layout: Path) -> str:
    return str(json.loads((layout / "index.json").read_bytes())["manifests"][0]["digest"])


def test_a_push_brings_everything_and_the_manifest_last(served: FakeRegistry, layout: Path) -> None:
    done = pushed(served, layout, "v1", "latest")
    assert (done.digest, done.uploaded, done.present) == (digest_of(layout), 3, 0)
    references = {reference for _, reference in served.manifests}
    assert references == {done.digest, "v1", "latest"}
    assert [line for line in served.requests if line.startswith("PUT")][-1].endswith("latest")


def test_a_second_push_sends_nothing(served: FakeRegistry, layout: Path) -> None:
    pushed(served, layout, "v1")
    served.requests.clear()
    assert pushed(served, layout, "v1").uploaded_bytes == 0
    assert served.count("^(POST|PUT|PATCH)") == 0


def test_a_changed_program_sends_its_layer_and_two_small_blobs(served: FakeRegistry, tmp_path: Path) -> None:
    pushed(served, image(tmp_path / "a", [{"base": noise(BIG)}, {"app": b"1"}]), "v1")
    done = pushed(served, image(tmp_path / "b", [{"base": noise(BIG)}, {"app": b"2"}]), "v1")
    assert (done.uploaded, done.present) == (2, 1)
    assert done.uploaded_bytes < 2000


def test_blobs_of_another_repository_are_mounted(served: FakeRegistry, layout: Path) -> None:
    push(Layout(str(layout)), client(served, "base/python"))
    done = push(Layout(str(layout)), client(served), mount_from=["nobody/here", "base/python"])
    assert (done.mounted, done.uploaded) == (3, 0)


def test_a_registry_without_mounts_gets_an_upload_and_no_orphan(served: FakeRegistry, layout: Path) -> None:
    push(Layout(str(layout)), client(served, "base/python"))
    served.mounts = False
    done = push(Layout(str(layout)), client(served), mount_from=["base/python"])
    assert (done.mounted, done.uploaded) == (0, 3)
    assert served.uploads == {}


def test_an_index_is_pushed_with_its_images(served: FakeRegistry, tmp_path: Path) -> None:
    images = [image(tmp_path / arch, [{"a": arch.encode()}], architecture=arch) for arch in ("amd64", "arm64")]
    done = pushed(served, index(tmp_path, images), "v1")
    assert {digest_of(one) for one in images} | {done.digest, "v1"} == {reference for _, reference in served.manifests}


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
@pytest.mark.parametrize("request_", ["HEAD .*blobs", "POST .*uploads", "PUT .*manifests", "PUT .*uploads"])
def test_a_busy_registry_is_asked_again(served: FakeRegistry, layout: Path, status: int, request_: str) -> None:
    served.fail(request_, status, times=2, headers={"Retry-After": "0"})
    assert pushed(served, layout, "v1").digest == digest_of(layout)
    assert ("team/app", "v1") in served.manifests


@pytest.mark.parametrize("request_", ["HEAD .*blobs", "POST .*uploads", "PUT .*manifests", "PUT .*uploads"])
def test_a_dropped_connection_is_made_again(served: FakeRegistry, layout: Path, request_: str) -> None:
    served.drop(request_, times=2)
    assert pushed(served, layout, "v1").digest == digest_of(layout)


@pytest.mark.parametrize("kept", [0, 1, 40_000])
def test_a_broken_upload_goes_on_where_it_stopped(served: FakeRegistry, kept: int) -> None:
    data = noise(BIG)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    served.drop("PATCH", after=kept)
    client(served).upload(digest, len(data), io.BytesIO(data), chunk=100_000)
    assert served.blobs["team/app", digest] == data


def test_a_registry_that_forgets_uploads_gets_them_from_the_start(served: FakeRegistry) -> None:
    data = noise(BIG)
    digest = "sha256:" + hashlib.sha256(data).hexdigest()

    def forget(handler: Handler) -> None:
        served.uploads.clear()
        handler.answer(404)

    served.intercept("PATCH", forget)
    with pytest.raises(RegistryProblem):
        client(served).upload(digest, len(data), io.BytesIO(data), chunk=100_000)
    served.intercept("PUT .*uploads", forget)
    client(served).upload(digest, len(data), io.BytesIO(data))
    assert served.blobs["team/app", digest] == data


def test_an_expired_token_is_renewed(served: FakeRegistry, layout: Path) -> None:
    served.tokens, served.lifetime = True, 3
    assert pushed(served, layout, "v1", jobs=1).digest == digest_of(layout)
    assert len(served.issued) > 2


def test_a_token_is_bought_with_the_password(served: FakeRegistry, layout: Path) -> None:
    served.tokens, served.password = True, "secret"
    push(Layout(str(layout)), client(served, credential=Credential("user", "secret")), tags=["v1"])
    with pytest.raises(RegistryProblem, match="refuses GET token"):
        push(Layout(str(layout)), client(served, credential=Credential("user", "wrong")), tags=["v2"])


def test_basic_authentication_is_known(served: FakeRegistry, layout: Path) -> None:
    served.password = "secret"
    push(Layout(str(layout)), client(served, credential=Credential("user", "secret")))
    with pytest.raises(RegistryProblem, match="wants a password, and none is known"):
        pushed(served, layout)
    with pytest.raises(RegistryProblem, match=r"\(401, with the credentials it got\)"):
        push(Layout(str(layout)), client(served, credential=Credential("user", "wrong")))


def test_an_attachment_is_an_artifact_about_the_image(served: FakeRegistry, layout: Path) -> None:
    for referrers in (True, False):
        served.referrers = referrers
        done = pushed(served, layout, attachments=[("application/spdx+json", b'{"a": %d}' % referrers)])
        artifacts = [json.loads(data) for _, data in served.manifests.values() if b"subject" in data]
        assert artifacts[-1]["subject"]["digest"] == done.digest
        listed = served.manifests.get(("team/app", done.digest.replace(":", "-")))
        assert (listed is None) is referrers


@pytest.mark.parametrize("wanted", ["amd64", "arm64"])
def test_what_was_pushed_is_pulled_byte_for_byte(served: FakeRegistry, tmp_path: Path, wanted: str) -> None:
    images = {arch: image(tmp_path / arch, [{"a": noise(BIG)}], architecture=arch) for arch in ("amd64", "arm64")}
    done = pushed(served, index(tmp_path, list(images.values())))
    pull(client(served), done.digest, str(tmp_path / "pulled"), [f"linux/{wanted}"])
    assert digest_of(tmp_path / "pulled") == digest_of(images[wanted])
    manifest, _ = Layout(str(tmp_path / "pulled")).manifest({})
    assert all((tmp_path / "pulled/blobs/sha256" / row["digest"][7:]).exists() for row in manifest["layers"])
    pull(client(served), done.digest, str(tmp_path / "whole"))
    assert digest_of(tmp_path / "whole") == done.digest


def test_the_tool_lists_what_it_made(served: FakeRegistry, layout: Path, tmp_path: Path) -> None:
    done = pushed(served, layout)
    output = str(tmp_path / "pulled")
    repository = f"{served.url.removeprefix('http://')}/team/app"
    answer = pull_tool({"repository": repository, "digest": done.digest, "output": output})
    on_disk = sorted(str(path.relative_to(output)) for path in Path(output).rglob("*") if path.is_file())
    assert [row[0] for row in answer["trees"][output]] == on_disk


def test_a_docker_image_is_kept_as_it_is(served: FakeRegistry, layout: Path, tmp_path: Path) -> None:
    pushed(served, layout)
    document = json.loads(next(data for _, data in served.manifests.values()))
    document["mediaType"] = "application/vnd.docker.distribution.manifest.v2+json"
    document["config"]["mediaType"] = "application/vnd.docker.container.image.v1+json"
    for row in document["layers"]:
        row["mediaType"] = "application/vnd.docker.image.rootfs.diff.tar.gzip"
    data = json.dumps(document).encode()
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    served.manifests["team/app", digest] = (document["mediaType"], data)
    pull(client(served), digest, str(tmp_path / "pulled"))
    assert digest_of(tmp_path / "pulled") == digest


def test_a_broken_download_goes_on_where_it_stopped(served: FakeRegistry, layout: Path, tmp_path: Path) -> None:
    done = pushed(served, layout)

    def half(handler: Handler) -> None:
        data = served.blobs["team/app", handler.path.rpartition("/")[2]]
        handler.send_response(200)
        handler.send_header("Content-Length", str(len(data)))
        handler.end_headers()
        handler.wfile.write(data[: len(data) // 2])
        handler.hang_up()

    served.intercept("GET .*blobs", half, times=3)
    pull(client(served), done.digest, str(tmp_path / "pulled"))
    assert served.count("GET .*blobs") > 3


def lie(served: FakeRegistry, pattern: str, body: bytes, **headers: str) -> None:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    served.intercept(pattern, lambda handler: handler.answer(200, body, named), times=100)


MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
GOOD = {"mediaType": "application/x", "digest": "sha256:" + "1" * 64, "size": 1}


def documents() -> Iterator[tuple[str, object, str]]:
    """Documents that a registry may have under their right digest, and what is said of them."""
    yield "no json", b"<html>", "is no JSON"
    yield "a list", [], "is no JSON object"
    yield "deep", b"[" * 100_000, "is no JSON"
    yield "no type", {"config": GOOD, "layers": []}, "which is no image"
    yield "a chart", {"mediaType": "application/vnd.helm"}, "which is no image"
    base = {"mediaType": MANIFEST, "config": GOOD, "layers": [GOOD]}
    yield "no config", {**base, "config": None}, "no config or no layers"
    yield "no layers", {**base, "layers": {}}, "no config or no layers"
    yield "odd layers", {**base, "layers": ["x"]}, "no config or no layers"
    yield "many layers", {**base, "layers": [GOOD] * 128}, "has 128 layers"
    for digest in ("", "sha256:1", "md5:" + "1" * 32, "sha256:../../../etc/passwd", "sha256:" + "G" * 64, 5, None):
        yield f"digest {digest!r}", {**base, "layers": [{**GOOD, "digest": digest}]}, "malformed digest"
    for size in (-1, "5", None, 1.5):
        yield f"size {size!r}", {**base, "layers": [{**GOOD, "size": size}]}, "malformed descriptor"
    yield "a huge layer", {**base, "layers": [{**GOOD, "size": 1 << 62}]}, "names a blob of"
    yield "a typeless layer", {**base, "layers": [{**GOOD, "mediaType": None}]}, "malformed descriptor"
    yield "an empty index", {"mediaType": INDEX, "manifests": []}, "names no images"
    yield "an odd index", {"mediaType": INDEX, "manifests": {}}, "names no images"
    yield "an index without us", {"mediaType": INDEX, "manifests": [{**GOOD, "mediaType": MANIFEST}]}, "nothing for"
    yield "an index of nonsense", {"mediaType": INDEX, "manifests": [1, "x"]}, "nothing for"


CASES = list(documents())


@pytest.mark.parametrize(("document", "said"), [case[1:] for case in CASES], ids=[case[0] for case in CASES])
def test_a_hostile_document_is_refused(served: FakeRegistry, tmp_path: Path, document: object, said: str) -> None:
    data = document if isinstance(document, bytes) else json.dumps(document).encode()
    digest = "sha256:" + hashlib.sha256(data).hexdigest()
    served.manifests["team/app", digest] = (MANIFEST if isinstance(document, bytes) else "text/plain", data)
    with pytest.raises((RegistryProblem, ImageProblem), match=said):
        pull(client(served), digest, str(tmp_path / "pulled"), ["linux/amd64"])
    assert not (tmp_path / "pulled/index.json").exists()


def test_another_manifest_than_asked_for_is_refused(served: FakeRegistry, layout: Path, tmp_path: Path) -> None:
    done = pushed(served, layout)
    lie(served, "GET .*manifests", b"{}")
    with pytest.raises(RegistryProblem, match=f"where {done.digest} was asked for"):
        pull(client(served), done.digest, str(tmp_path / "pulled"))


@pytest.mark.parametrize("change", [lambda data: data[:-1], lambda data: data + b"x", lambda data: b"y" + data[1:]])
def test_other_bytes_of_a_blob_are_refused(
    served: FakeRegistry, layout: Path, tmp_path: Path, change: Callable[[bytes], bytes]
) -> None:
    done = pushed(served, layout)
    for key, data in served.blobs.items():
        served.blobs[key] = change(data)
    with pytest.raises(RegistryProblem, match=r"other bytes|sends more"):
        pull(client(served), done.digest, str(tmp_path / "pulled"))


def test_too_long_an_answer_is_refused(served: FakeRegistry, tmp_path: Path) -> None:
    lie(served, "GET .*manifests", b" " * ((4 << 20) + 1))
    with pytest.raises(RegistryProblem, match="answers more than"):
        pull(client(served), "sha256:" + "1" * 64, str(tmp_path / "pulled"))


@pytest.mark.parametrize(
    ("pattern", "status", "headers", "said"),
    [
        ("POST", 202, {"Location": "https://thief.example/x"}, "wants uploads to go to `thief.example`"),
        ("POST", 202, {}, "lacks the header `location`"),
        ("POST", 418, {}, "answers 418 to POST"),
        ("POST", 403, {}, "refuses POST"),
        ("POST", 500, {}, "fails at POST"),
        ("PUT .*uploads", 400, {}, "answers 400 to PUT"),
        ("PUT .*uploads", 201, {"Docker-Content-Digest": "sha256:" + "0" * 64}, "took the blob"),
        ("PUT .*manifests", 201, {"Docker-Content-Digest": "sha256:" + "0" * 64}, "took the manifest"),
        ("HEAD .*blobs", 302, {"Location": "http://thief.example/"}, "is not protected by TLS"),
        ("HEAD .*blobs", 302, {}, "lacks the header `location`"),
        ("HEAD .*blobs", 302, {"Location": "/v2/team/app/blobs/again"}, "leads in circles"),
        ("HEAD .*blobs", 401, {"WWW-Authenticate": 'Bearer realm="http://thief.example/"'}, "not protected by TLS"),
        ("HEAD .*blobs", 401, {"WWW-Authenticate": "Negotiate"}, "a login of the unknown kind `Negotiate`"),
        ("HEAD .*blobs", 401, {}, "a login of the unknown kind ``"),
        ("HEAD .*blobs", 405, {}, "answers 405 to HEAD"),
    ],
)
def test_a_hostile_answer_is_refused(
    served: FakeRegistry, layout: Path, pattern: str, status: int, headers: dict[str, str], said: str
) -> None:
    served.fail(pattern, status, times=1000, headers=headers)
    with pytest.raises(RegistryProblem, match=said):
        pushed(served, layout)


@pytest.mark.parametrize("token", [b"{}", b'{"token": 5}', b'{"token": "a\\nb"}', b"nonsense", b'{"token": ""}'])
def test_a_token_that_is_none_is_refused(served: FakeRegistry, layout: Path, token: bytes) -> None:
    served.tokens = True
    lie(served, "GET /token", token)
    with pytest.raises(RegistryProblem):
        pushed(served, layout)


def test_credentials_do_not_follow_a_redirect_to_another_place(served: FakeRegistry, layout: Path) -> None:
    with running_registry() as other:
        done = pushed(served, layout)
        served.password = "secret"
        other.blobs = {("team/app", digest): data for (_, digest), data in served.blobs.items()}
        seen: list[str | None] = []

        def lead(handler: Handler) -> None:
            handler.answer(307, headers={"Location": other.url + handler.path})

        def look(handler: Handler) -> None:
            seen.append(handler.headers.get("Authorization"))
            handler.answer(200, other.blobs["team/app", handler.path.rpartition("/")[2]])

        served.intercept("GET .*blobs", lead, times=100)
        other.intercept("GET .*blobs", look, times=100)
        pull(client(served, credential=Credential("user", "secret")), done.digest, str(layout) + "-pulled")
    assert seen and set(seen) == {None}


def test_what_nobody_has_is_said_to_be_absent(served: FakeRegistry) -> None:
    with pytest.raises(AbsentFromRegistry, match="has no manifests/v9"):
        client(served).manifest("v9")
    assert client(served).digest_of_tag("v9") is None


def test_a_registry_that_is_not_there_is_told(tmp_path: Path, layout: Path) -> None:
    gone = Registry(Repository.parse("127.0.0.1:9/team/app"), delays=(0.0,), sleep=lambda seconds: None)
    with pytest.raises(RegistryUnavailable, match=r"fails at HEAD .* \(no answer\)"):
        push(Layout(str(layout)), gone)


@pytest.mark.parametrize(
    "text",
    ["", "app", "team/app", "registry.example", "registry.example/", "registry.example/App", "registry.example/a//b",
     "registry.example/a/../b", "registry.example/a:v1/b", "http://registry.example/a", "registry.example:99999999/a",
     "registry.example/a@sha256", "a b.example/c", "registry.example/" + "a" * 256],
)  # fmt: skip
def test_a_name_that_no_repository_has_is_refused(text: str) -> None:
    with pytest.raises(RegistryProblem):
        Repository.parse(text)


@pytest.mark.parametrize("tag", ["", "-x", "a b", "a/b", "a" * 129, "../x"])
def test_a_tag_that_no_image_has_is_refused(tag: str) -> None:
    with pytest.raises(RegistryProblem):
        check_tag(tag)


@pytest.mark.parametrize("registry", ["[::1]:5000", "127.0.0.1", "localhost:5000", "registry.example:5000"])
def test_a_repository_is_read_as_it_is_written(registry: str) -> None:
    assert str(Repository.parse(f"{registry}/team/app")) == f"{registry}/team/app"


@pytest.fixture
def certificate(tmp_path: Path) -> tuple[Path, Path]:
    """A certificate for this machine's own address, and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    paths = tmp_path / "certificate.pem", tmp_path / "key.pem"
    new = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
    ]
    named = ["-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([*new, *named, "-out", paths[0], "-keyout", paths[1]], check=True, capture_output=True, timeout=600)
    return paths


def test_tls_is_spoken_where_it_can_be_and_its_certificate_must_be_trusted(
    certificate: tuple[Path, Path], layout: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate)
    with running_registry(context) as served:
        with pytest.raises(RegistryProblem, match=r"the certificate of .* is not trusted"):
            push(Layout(str(layout)), tls_client(served))
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate[0]))
        done = push(Layout(str(layout)), tls_client(served), tags=["v1"])
        assert (done.uploaded, done.digest) == (3, digest_of(layout))


def tls_client(served: FakeRegistry) -> Registry:
    repository = Repository.parse(f"{served.url.removeprefix('https://')}/team/app")
    return Registry(repository, delays=(), sleep=lambda _: None)


# The command


def command(served: FakeRegistry, layout: Path, *arguments: str) -> int:
    return main([str(layout), *arguments], {"HOME": str(layout.parent), "PATH": os.defpath})


def test_the_command_pushes_and_says_what_to_pull(
    served: FakeRegistry, layout: Path, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    host = served.url.removeprefix("http://")
    (tmp_path / "tags").write_text("v1\n\nv2\n")
    assert command(served, layout, f"--repository={host}/a", "--tags_file", str(tmp_path / "tags"), "-t", "v3") == 0
    assert capsys.readouterr().out == f"{host}/a@{digest_of(layout)}\n"
    assert {reference for _, reference in served.manifests} == {digest_of(layout), "v1", "v2", "v3"}
    assert command(served, layout, f"--repository={host}/a", "-r", f"{host}/b:v7") == 0
    assert ("b", "v7") in served.manifests


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "it is not said where to push"),
        (["-r", "nowhere"], "names no registry"),
        (["-r", "127.0.0.1:9/a", "-t", "a b"], "can't be the tag"),
        (["-r", "127.0.0.1:9/a", "--attach", "text/plain", "/nowhere"], "No such file"),
    ],
)
def test_the_command_says_what_is_wrong(
    served: FakeRegistry, layout: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], said: str
) -> None:
    assert command(served, layout, *arguments) == 1
    assert said in capsys.readouterr().err


# Credentials


def written(home: Path, document: object) -> dict[str, str]:
    (home / ".docker").mkdir(parents=True, exist_ok=True)
    (home / ".docker/config.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return {"HOME": str(home), "PATH": f"{home}:{os.defpath}"}


def helper(home: Path, name: str, text: str) -> None:
    program = home / f"docker-credential-{name}"
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(program.stat().st_mode | stat.S_IXUSR)


def test_credentials_come_from_the_files_of_engines(tmp_path: Path) -> None:
    auth = base64.b64encode(b"me:pass:word").decode()
    entries = {"https://a.example/v1/": {"auth": auth}, "b.example": {"username": "u", "password": "p"}}
    environment = written(tmp_path, {"auths": {**entries, "c.example": {"identitytoken": "t"}, "d.example": {}}})
    assert find_credential("a.example", environment) == Credential("me", "pass:word")
    assert find_credential("b.example", environment) == Credential("u", "p")
    assert find_credential("c.example", environment) == Credential("<token>", "", "t")
    assert find_credential("d.example", environment) is None
    assert find_credential("e.example", environment) is None
    assert "pass" not in repr(find_credential("a.example", environment))


def test_helpers_are_asked(tmp_path: Path) -> None:
    helper(tmp_path, "own", 'read host; echo "{\\"Username\\": \\"me\\", \\"Secret\\": \\"for $host\\"}"')
    helper(tmp_path, "none", "echo credentials not found; exit 1")
    environment = written(tmp_path, {"credHelpers": {"a.example": "own"}, "credsStore": "none"})
    assert find_credential("a.example", environment) == Credential("me", "for a.example")
    assert find_credential("b.example", environment) is None


@pytest.mark.parametrize(
    ("document", "said"),
    [
        ("{", "is no JSON"),
        ("[]", "holds no JSON object"),
        ({"auths": {"a.example": {"auth": "%%"}}}, "is malformed"),
        ({"auths": {"a.example": {"auth": base64.b64encode(b"nocolon").decode()}}}, "is malformed"),
        ({"credHelpers": {"a.example": "../evil"}}, "can't be the name of a credential helper"),
        ({"credHelpers": {"a.example": "absent"}}, "is not installed"),
        ({"credHelpers": {"a.example": "broken"}}, "fails: out of order"),
        ({"credHelpers": {"a.example": "silent"}}, "gives no credential"),
    ],
)
def test_credentials_that_can_not_be_used_are_told(tmp_path: Path, document: object, said: str) -> None:
    helper(tmp_path, "broken", "echo out of order; exit 3")
    helper(tmp_path, "silent", "cat >/dev/null")
    with pytest.raises(CredentialProblem, match=said):
        find_credential("a.example", written(tmp_path, document))
