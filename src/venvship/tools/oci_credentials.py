"""Credentials for registries, found where container engines keep them: Docker's and Podman's files, and helpers."""

from __future__ import annotations

import base64
import binascii
import json
import os
import re
import shutil
import subprocess
from collections.abc import Mapping
from typing import Any, NamedTuple

_HELPER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*\Z")
_TOKEN_USER = "<token>"
_HELPER_SECONDS = 30
_MAX_FILE = 4 << 20


class CredentialProblem(ValueError):
    """A file of credentials or a helper can't be used."""

    user_error = True


class Credential(NamedTuple):
    """A user's name and password, or a token to get others with."""

    user: str
    secret: str
    identity_token: str = ""

    def __repr__(self) -> str:
        return f"Credential({self.user!r}, …)"

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"{self.user}:{self.secret}".encode()).decode()


def find_credential(registry: str, environment: Mapping[str, str]) -> Credential | None:
    """The credential for a registry, or None; raises CredentialProblem."""
    for path in _files(environment):
        document = _read(path)
        if document is None:
            continue
        helpers = document.get("credHelpers")
        helper = helpers.get(registry) if isinstance(helpers, dict) else None
        if helper is None and registry not in _auths(document):
            helper = document.get("credsStore")
        if isinstance(helper, str) and helper:
            found = _ask(helper, registry, environment)
            if found is not None:
                return found
        entry = _auths(document).get(registry)
        if isinstance(entry, dict):
            return _entry(entry, registry, path)
    return None


def _files(environment: Mapping[str, str]) -> list[str]:
    found = []
    if environment.get("REGISTRY_AUTH_FILE"):
        found.append(environment["REGISTRY_AUTH_FILE"])
    home = environment.get("HOME", "")
    docker = environment.get("DOCKER_CONFIG") or (os.path.join(home, ".docker") if home else "")
    if docker:
        found.append(os.path.join(docker, "config.json"))
    if environment.get("XDG_RUNTIME_DIR"):
        found.append(os.path.join(environment["XDG_RUNTIME_DIR"], "containers", "auth.json"))
    if home:
        found.append(os.path.join(home, ".config", "containers", "auth.json"))
    return found


def _read(path: str) -> dict[str, Any] | None:
    try:
        with open(path, "rb") as file:
            data = file.read(_MAX_FILE + 1)
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise CredentialProblem(f"`{path}` can't be read: {error.strerror}") from error
    try:
        document = json.loads(data)
    except (ValueError, RecursionError) as error:
        raise CredentialProblem(f"`{path}` is no JSON: {error}") from error
    if not isinstance(document, dict):
        raise CredentialProblem(f"`{path}` holds no JSON object")
    return document


def _auths(document: Mapping[str, Any]) -> Mapping[str, Any]:
    """Entries by host: older files have whole addresses."""
    auths = document.get("auths")
    if not isinstance(auths, dict):
        return {}
    plain = {}
    for name, entry in auths.items():
        host = name.partition("://")[2] or name
        plain[host.partition("/")[0]] = entry
    return {**plain, **auths}


def _entry(entry: Mapping[str, Any], registry: str, path: str) -> Credential | None:
    token = entry.get("identitytoken")
    if isinstance(token, str) and token:
        return Credential(_TOKEN_USER, "", token)
    if isinstance(entry.get("username"), str) and isinstance(entry.get("password"), str):
        return Credential(entry["username"], entry["password"])
    auth = entry.get("auth")
    if not isinstance(auth, str) or not auth:
        return None
    try:
        user, colon, secret = base64.b64decode(auth, validate=True).decode().rstrip("\0").partition(":")
    except (binascii.Error, UnicodeDecodeError) as error:
        raise CredentialProblem(f"the entry of {registry} in `{path}` is malformed") from error
    if not colon:
        raise CredentialProblem(f"the entry of {registry} in `{path}` is malformed")
    return Credential(user, secret)


def _ask(helper: str, registry: str, environment: Mapping[str, str]) -> Credential | None:
    if not _HELPER.match(helper):
        raise CredentialProblem(f"`{helper}` can't be the name of a credential helper")
    name = f"docker-credential-{helper}"
    program = shutil.which(name, path=environment.get("PATH", os.defpath))
    if program is None:
        raise CredentialProblem(f"the credential helper `{name}` is not installed")
    try:
        done = subprocess.run(
            [program, "get"],
            input=registry.encode(),
            capture_output=True,
            env=dict(environment),
            timeout=_HELPER_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise CredentialProblem(f"the credential helper `{name}` does not answer") from error
    if done.returncode != 0:
        text = (done.stdout + done.stderr).decode("utf-8", "replace").strip()
        if "not found" in text:
            return None
        raise CredentialProblem(f"the credential helper `{name}` fails: {text[:200]}")
    try:
        document = json.loads(done.stdout)
        user, secret = document["Username"], document["Secret"]
    except (ValueError, LookupError, TypeError) as error:
        raise CredentialProblem(f"the credential helper `{name}` gives no credential") from error
    if not isinstance(user, str) or not isinstance(secret, str):
        raise CredentialProblem(f"the credential helper `{name}` gives no credential")
    return Credential(_TOKEN_USER, "", secret) if user == _TOKEN_USER else Credential(user, secret)
