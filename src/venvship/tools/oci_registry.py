"""A client of container registries: the distribution API of OCI, over the standard library.

Whatever a registry answers is held against the digest that was asked for, bounded in size, and never trusted to lead
credentials elsewhere: they go to the registry itself, and to the token service that it names over TLS.
A machine's own address may be spoken to without TLS, as container engines do.
"""

from __future__ import annotations

import contextlib
import hashlib
import http.client
import ipaddress
import json
import re
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable, Mapping, Sequence
from typing import IO, Any, NamedTuple

from venvship.tools.oci_credentials import Credential
from venvship.tools.oci_documents import CONFIG, INDEX, MANIFEST, MAX_DOCUMENT, ImageProblem, decode, digest_of

ACCEPTED = (
    MANIFEST,
    INDEX,
    "application/vnd.docker.distribution.manifest.v2+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
)
CHUNK = 8 << 20
_READ = 1 << 20
_DELAYS = (0.5, 1.0, 2.0, 4.0)
_LONGEST_DELAY = 60.0
_MAX_REDIRECTS = 5
_TIMEOUT = 120
_HOST = re.compile(r"(?:[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?|\[[0-9A-Fa-f:]+\])(?::[0-9]{1,5})?\Z")
_REPOSITORY = re.compile(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*)*\Z")
_TAG = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}\Z")
_DIGEST = re.compile(r"sha256:[0-9a-f]{64}\Z")
_PARAMETER = re.compile(r'([A-Za-z]+)="([^"]*)"')
_TRANSIENT = frozenset((408, 429, 500, 502, 503, 504))


class RegistryProblem(ValueError):
    """A registry can't be used as asked, or answers what can't be."""

    user_error = True


class RegistryUnavailable(RegistryProblem):
    """A registry does not answer, or fails again and again."""


class AbsentFromRegistry(RegistryProblem):
    """A registry does not have what was asked for."""


class Repository(NamedTuple):
    """One repository of one registry."""

    registry: str
    name: str

    def __str__(self) -> str:
        return f"{self.registry}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Repository:
        """Read `registry.example:5000/team/app`; raises RegistryProblem."""
        registry, slash, name = text.partition("/")
        if not slash or not _HOST.match(registry) or not (set(".:") & set(registry) or registry == "localhost"):
            raise RegistryProblem(f"`{text}` names no registry; write it as `registry.example/team/app`")
        if not _REPOSITORY.match(name) or len(name) > 255:
            raise RegistryProblem(f"`{name}` can't be the name of a repository; write it in lower case, without a tag")
        return cls(registry, name)


def check_tag(tag: str) -> str:
    """`tag`; raises RegistryProblem when no image can have it."""
    if not _TAG.match(tag):
        raise RegistryProblem(f"`{tag}` can't be the tag of an image")
    return tag


class Answer(NamedTuple):
    """What a registry said, without its body if that went elsewhere."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def reason(self) -> str:
        """The registry's own words, made harmless."""
        try:
            errors = json.loads(self.body)["errors"]
            text = "; ".join(f"{one.get('code', '')} {one.get('message', '')}".strip() for one in errors[:3])
        except (ValueError, LookupError, TypeError, AttributeError):
            text = self.body[:200].decode("utf-8", "replace")
        return "".join(character if character.isprintable() else " " for character in text)[:300].strip()


class Registry:
    """One repository, spoken to by any number of threads."""

    def __init__(
        self,
        repository: Repository,
        credential: Credential | None = None,
        *,
        delays: Sequence[float] = _DELAYS,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self.repository = repository
        self._credential = credential
        self._delays = delays
        self._sleep = sleep
        self._local = threading.local()
        self._lock = threading.Lock()
        self._secure: bool | None = None if is_loopback(repository.registry) else True
        self._authorizations: dict[str, str] = {}
        self._scopes = {"pull": f"repository:{repository.name}:pull", "push": f"repository:{repository.name}:pull,push"}

    # Reading

    def manifest(self, reference: str) -> tuple[str, bytes]:
        """Media type and bytes of the manifest with a digest or a tag, verified; raises AbsentFromRegistry."""
        answer = self._checked("GET", f"manifests/{reference}", {200}, headers={"Accept": ", ".join(ACCEPTED)})
        found = digest_of(answer.body)
        wanted = reference if _DIGEST.match(reference) else answer.headers.get("docker-content-digest", found)
        if found != wanted:
            raise RegistryProblem(f"{self.repository} answers {found} where {wanted} was asked for")
        document = decode(answer.body, f"the manifest {reference} of {self.repository}")
        media_type = document.get("mediaType") or answer.headers.get("content-type", "").partition(";")[0].strip()
        if media_type not in ACCEPTED:
            raise RegistryProblem(f"{self.repository} has `{reference}` as `{media_type}`, which is no image")
        return str(media_type), answer.body

    def digest_of_tag(self, tag: str) -> str | None:
        answer = self._request("HEAD", f"manifests/{tag}", headers={"Accept": ", ".join(ACCEPTED)})
        if answer.status == 404:
            return None
        if answer.status != 200:
            raise self._refusal("HEAD", f"manifests/{tag}", answer)
        digest = answer.headers.get("docker-content-digest", "")
        return digest if _DIGEST.match(digest) else None

    def has_blob(self, digest: str, scope: str = "push") -> bool:
        answer = self._request("HEAD", f"blobs/{digest}", scope=scope)
        if answer.status not in (200, 404):
            raise self._refusal("HEAD", f"blobs/{digest}", answer)
        return answer.status == 200

    def blob(self, digest: str, size: int, output: IO[bytes]) -> None:
        """Write the blob to `output`, going on where a connection broke; raises RegistryProblem for other bytes."""
        sums = hashlib.sha256()
        have = 0

        def sink(data: bytes) -> None:
            nonlocal have
            have += len(data)
            if have > size:
                raise RegistryProblem(f"{self.repository} sends more for {digest} than the {size} bytes it should have")
            sums.update(data)
            output.write(data)

        for _ in range(len(self._delays) + 1):
            headers = {"Range": f"bytes={have}-{size - 1}"} if have else {}
            answer = self._request("GET", f"blobs/{digest}", headers=headers, sink=sink, skip=lambda: have)
            if answer.status not in (200, 206):
                raise self._refusal("GET", f"blobs/{digest}", answer)
            if have == size:
                break
        if have != size or "sha256:" + sums.hexdigest() != digest:
            raise RegistryProblem(f"{self.repository} has other bytes for {digest} than its digest says")

    # Writing

    def mount(self, digest: str, source: str) -> bool:
        """Take a blob over from another repository of the registry, where that can be done."""
        query = urllib.parse.urlencode({"mount": digest, "from": source})
        answer = self._request("POST", f"blobs/uploads/?{query}", scope="push", headers={"Content-Length": "0"})
        if answer.status == 202:
            # The registry began an upload instead; nobody will finish it.
            location = answer.headers.get("location")
            if location:
                self._request("DELETE", self._location(location), scope="push")
        return answer.status == 201

    def upload(self, digest: str, size: int, source: IO[bytes], *, chunk: int = CHUNK) -> None:
        """Upload a blob, in pieces if it is large, going on where the registry says that it stopped."""
        for attempt in range(len(self._delays) + 1):
            try:
                self._uploaded(digest, size, source, chunk)
                return
            except _LostUpload as lost:
                if attempt == len(self._delays):
                    raise RegistryUnavailable(
                        f"{self.repository} lost the upload of {digest} again and again"
                    ) from lost
                self._sleep(self._delays[attempt])

    def _uploaded(self, digest: str, size: int, source: IO[bytes], chunk: int) -> None:
        begun = self._checked("POST", "blobs/uploads/", {202}, scope="push", headers={"Content-Length": "0"})
        location = self._location(_needed(begun, "location"))
        sent = 0
        broken = 0
        while size > chunk and sent < size:
            source.seek(sent)
            data = source.read(min(chunk, size - sent))
            if not data:
                raise RegistryProblem(f"the blob {digest} got shorter while it was read")
            headers = {
                "Content-Type": "application/octet-stream",
                "Content-Range": f"{sent}-{sent + len(data) - 1}",
                "Content-Length": str(len(data)),
            }
            answer = self._request("PATCH", location, scope="push", headers=headers, body=data, retry=False)
            if answer.status in (202, 204):
                sent += len(data)
                location = self._location(answer.headers.get("location", location))
                continue
            if broken == len(self._delays):
                raise _LostUpload(answer)
            self._sleep(self._delays[broken])
            broken += 1
            sent, location = self._resumed(location, answer)
        source.seek(sent)
        rest = source.read(size - sent)
        target = location + ("&" if "?" in location else "?") + urllib.parse.urlencode({"digest": digest})
        headers = {"Content-Type": "application/octet-stream", "Content-Length": str(len(rest))}
        answer = self._request("PUT", target, scope="push", headers=headers, body=rest, retry=False)
        if answer.status in _TRANSIENT or answer.status in (0, 404, 416):
            raise _LostUpload(answer)
        if answer.status not in (201, 204):
            raise self._refusal("PUT", target, answer)
        kept = answer.headers.get("docker-content-digest", digest)
        if kept != digest:
            raise RegistryProblem(f"{self.repository} took the blob {digest} as {kept}")

    def _resumed(self, location: str, answer: Answer) -> tuple[int, str]:
        """How much of a broken upload the registry has, and where it goes on."""
        if answer.status not in _TRANSIENT and answer.status not in (0, 416):
            raise self._refusal("PATCH", location, answer)
        status = self._request("GET", location, scope="push")
        if status.status not in (200, 204):
            raise _LostUpload(status)
        found = re.fullmatch(r"(?:bytes=)?0-([0-9]+)", status.headers.get("range", ""))
        if found is None:
            raise _LostUpload(status)
        # An empty upload is `0-0`, which would also be one byte: ask for the rest from the start then.
        have = int(found[1]) + 1
        return (0 if have == 1 else have), self._location(status.headers.get("location", location))

    def put_manifest(self, reference: str, media_type: str, data: bytes) -> None:
        headers = {"Content-Type": media_type, "Content-Length": str(len(data))}
        answer = self._checked("PUT", f"manifests/{reference}", {200, 201}, scope="push", headers=headers, body=data)
        kept = answer.headers.get("docker-content-digest", digest_of(data))
        if kept != digest_of(data):
            raise RegistryProblem(f"{self.repository} took the manifest {digest_of(data)} as {kept}")

    def put_referrer(self, subject: str, manifest: bytes) -> None:
        """Attach an artifact to an image; registries that list no referrers get the tag that stands for the list."""
        digest = digest_of(manifest)
        headers = {"Content-Type": MANIFEST, "Content-Length": str(len(manifest))}
        answer = self._checked("PUT", f"manifests/{digest}", {200, 201}, scope="push", headers=headers, body=manifest)
        if answer.headers.get("oci-subject") == subject:
            return
        tag = subject.replace(":", "-")
        listed: list[Any] = []
        with contextlib.suppress(AbsentFromRegistry):
            listed = list(json.loads(self.manifest(tag)[1]).get("manifests") or [])
        if any(one.get("digest") == digest for one in listed if isinstance(one, dict)):
            return
        document = json.loads(manifest)
        row = {"mediaType": MANIFEST, "digest": digest, "size": len(manifest)}
        row["artifactType"] = document.get("artifactType") or CONFIG
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": [*listed, row]}
        self.put_manifest(tag, INDEX, json.dumps(index, sort_keys=True).encode())

    # Requests

    def _checked(self, method: str, path: str, good: set[int], **rest: Any) -> Answer:
        answer = self._request(method, path, **rest)
        if answer.status not in good:
            raise self._refusal(method, path, answer)
        return answer

    def _refusal(self, method: str, path: str, answer: Answer) -> RegistryProblem:
        said = f": {answer.reason}" if answer.reason else ""
        what = path.partition("?")[0]
        if answer.status in (401, 403):
            hint = "no credentials are known for it" if self._credential is None else "with the credentials it got"
            return RegistryProblem(f"{self.repository} refuses {method} {what} ({answer.status}, {hint}){said}")
        if answer.status == 404:
            return AbsentFromRegistry(f"{self.repository} has no {what}{said}")
        if answer.status in _TRANSIENT or not answer.status:
            return RegistryUnavailable(
                f"{self.repository} fails at {method} {what} ({answer.status or 'no answer'}){said}"
            )
        return RegistryProblem(f"{self.repository} answers {answer.status} to {method} {what}{said}")

    def _request(
        self,
        method: str,
        path: str,
        *,
        scope: str = "pull",
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
        sink: Callable[[bytes], None] | None = None,
        skip: Callable[[], int] = lambda: 0,
        retry: bool = True,
    ) -> Answer:
        """One request, again if the registry is busy or the token ran out. A status of 0 is a broken connection."""
        url = path if "://" in path else f"{self._base()}/v2/{self.repository.name}/{path}"
        answer = Answer(0, {}, b"")
        challenged = 0
        attempt = 0
        while True:
            before = skip()
            answer = self._followed(method, url, scope, dict(headers or {}), body, sink)
            if answer.status == 401 and challenged < 2:
                challenged += 1
                self._authorize(answer.headers.get("www-authenticate", ""), scope)
                continue
            # What a body has already written can't be taken back: the caller goes on from there.
            if skip() != before or not retry or attempt >= len(self._delays):
                return answer
            if answer.status and answer.status not in _TRANSIENT:
                return answer
            self._sleep(self._delay(answer, attempt))
            attempt += 1

    def _delay(self, answer: Answer, attempt: int) -> float:
        stated = answer.headers.get("retry-after", "")
        if stated.isascii() and stated.isdigit():
            return min(float(stated), _LONGEST_DELAY)
        return self._delays[attempt]

    def _followed(
        self,
        method: str,
        url: str,
        scope: str,
        headers: dict[str, str],
        body: bytes | None,
        sink: Callable[[bytes], None] | None,
    ) -> Answer:
        for _ in range(_MAX_REDIRECTS):
            own = urllib.parse.urlsplit(url).netloc == self.repository.registry
            sent = dict(headers)
            if own and scope in self._authorizations:
                sent["Authorization"] = self._authorizations[scope]
            answer = self._exchange(method, url, sent, body, sink)
            if answer.status not in (301, 302, 303, 307, 308) or method not in ("GET", "HEAD"):
                return answer
            target = urllib.parse.urljoin(url, _needed(answer, "location"))
            if url.startswith("https:") and not target.startswith("https:"):
                raise RegistryProblem(f"{self.repository} leads to `{target[:200]}`, which is not protected by TLS")
            url = target
        raise RegistryProblem(f"{self.repository} leads in circles")

    def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        sink: Callable[[bytes], None] | None,
    ) -> Answer:
        parts = urllib.parse.urlsplit(url)
        target = parts.path + (f"?{parts.query}" if parts.query else "")
        connection = self._connection(parts.scheme, parts.netloc)
        sent = {"User-Agent": "venvship", **headers}
        try:
            kept = connection.sock is not None
            try:
                connection.request(method, target, body=body, headers=sent)
                response = connection.getresponse()
            except (ConnectionError, http.client.RemoteDisconnected):
                # The other side may close a connection that nobody used for a while.
                connection.close()
                if not kept:
                    raise
                connection.request(method, target, body=body, headers=sent)
                response = connection.getresponse()
            fields = {name.lower(): value for name, value in response.getheaders()}
            if sink is None or response.status not in (200, 206):
                data = response.read(MAX_DOCUMENT + 1)
                if len(data) > MAX_DOCUMENT:
                    connection.close()
                    raise RegistryProblem(f"{self.repository} answers more than {MAX_DOCUMENT} bytes")
                return Answer(response.status, fields, data)
            # A registry may send all of a blob where a part of it was asked for.
            known = int(headers["Range"][6:].partition("-")[0]) if "Range" in headers and response.status == 200 else 0
            while True:
                data = response.read(_READ)
                if not data:
                    return Answer(response.status, fields, b"")
                if known >= len(data):
                    known -= len(data)
                    continue
                sink(data[known:])
                known = 0
        except (OSError, http.client.HTTPException) as error:
            connection.close()
            if isinstance(error, ssl.SSLCertVerificationError):
                raise RegistryProblem(
                    f"the certificate of {parts.netloc} is not trusted: {error.verify_message}"
                ) from error
            return Answer(0, {}, str(error).encode())
        except BaseException:
            connection.close()
            raise

    def _connection(self, scheme: str, netloc: str) -> http.client.HTTPConnection:
        kept: dict[tuple[str, str], http.client.HTTPConnection] = self._local.__dict__.setdefault("kept", {})
        found = kept.get((scheme, netloc))
        if found is None:
            try:
                if scheme == "https":
                    found = http.client.HTTPSConnection(netloc, timeout=_TIMEOUT, context=ssl.create_default_context())
                elif scheme == "http" and is_loopback(netloc):
                    found = http.client.HTTPConnection(netloc, timeout=_TIMEOUT)
                else:
                    raise RegistryProblem(f"`{scheme}://{netloc}` is not protected by TLS")
            except http.client.InvalidURL as error:
                raise RegistryProblem(f"`{netloc}` is no address of a registry") from error
            kept[scheme, netloc] = found
        return found

    def _base(self) -> str:
        with self._lock:
            if self._secure is None:
                # TLS first, as engines do; what is no TLS server at all answers nonsense to it.
                try:
                    answer = self._exchange("GET", f"https://{self.repository.registry}/v2/", {}, None, None)
                    self._secure = answer.status != 0
                except RegistryProblem as error:
                    if not isinstance(error.__cause__, ssl.SSLCertVerificationError):
                        raise
                    self._secure = True
        return f"{'https' if self._secure else 'http'}://{self.repository.registry}"

    def _location(self, text: str) -> str:
        url = urllib.parse.urljoin(f"{self._base()}/v2/{self.repository.name}/blobs/uploads/", text)
        parts = urllib.parse.urlsplit(url)
        if parts.netloc != self.repository.registry:
            raise RegistryProblem(f"{self.repository} wants uploads to go to `{parts.netloc[:200]}`")
        return url

    # Authorization

    def _authorize(self, challenge: str, scope: str) -> None:
        kind, _, rest = challenge.partition(" ")
        if kind.lower() == "basic":
            if self._credential is None:
                raise RegistryProblem(f"{self.repository} wants a password, and none is known for it")
            self._authorizations[scope] = self._credential.basic
            return
        if kind.lower() != "bearer":
            raise RegistryProblem(f"{self.repository} wants a login of the unknown kind `{kind[:40]}`")
        fields = dict(_PARAMETER.findall(rest))
        realm = fields.get("realm", "")
        parts = urllib.parse.urlsplit(realm)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.netloc)):
            raise RegistryProblem(f"{self.repository} sends logins to `{realm[:200]}`, which is not protected by TLS")
        token = self._token(realm, fields.get("service", ""), fields.get("scope") or self._scopes[scope])
        self._authorizations[scope] = f"Bearer {token}"

    def _token(self, realm: str, service: str, scope: str) -> str:
        query = urllib.parse.urlencode([*([("service", service)] if service else []), ("scope", scope)])
        url = realm + ("&" if "?" in realm else "?") + query
        headers: dict[str, str] = {}
        body = None
        method = "GET"
        if self._credential is not None and self._credential.identity_token:
            fields = {"grant_type": "refresh_token", "refresh_token": self._credential.identity_token}
            body = urllib.parse.urlencode(
                {**fields, "service": service, "scope": scope, "client_id": "venvship"}
            ).encode()
            headers = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))}
            method, url = "POST", realm
        elif self._credential is not None:
            headers["Authorization"] = self._credential.basic
        for delay in (*self._delays, None):
            answer = self._exchange(method, url, headers, body, None)
            if (answer.status and answer.status not in _TRANSIENT) or delay is None:
                break
            self._sleep(delay)
        if answer.status != 200:
            raise self._refusal(method, "token", answer)
        try:
            document = decode(answer.body, f"the token of {self.repository}")
        except ImageProblem as error:
            raise RegistryProblem(str(error)) from error
        token = document.get("token") or document.get("access_token")
        if not isinstance(token, str) or not token.isascii() or not token.isprintable():
            raise RegistryProblem(f"the token service of {self.repository} gives no token")
        return token


class _LostUpload(Exception):
    """An upload that has to start again."""


def _needed(answer: Answer, header: str) -> str:
    value = answer.headers.get(header)
    if not value:
        raise RegistryProblem(f"the registry's answer lacks the header `{header}`")
    return value


def is_loopback(netloc: str) -> bool:
    """Whether an address is this machine's own.

    >>> is_loopback("127.0.0.1:5000"), is_loopback("registry.example")
    (True, False)
    """
    host = urllib.parse.urlsplit(f"//{netloc}").hostname or ""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
