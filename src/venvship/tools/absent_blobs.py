"""Layers of a base that a layout only names: they lie in a registry, and come when something reads them.

What was fetched stays in the user's cache directory, by digest, for all layouts.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from typing import Any

from venvship.tools.oci_credentials import find_credential
from venvship.tools.oci_documents import ImageProblem, descriptor
from venvship.tools.oci_layout import Layout
from venvship.tools.oci_registry import Registry, Repository


def readable(layout: Layout, blob: Mapping[str, Any], environment: Mapping[str, str]) -> str:
    """The path of a blob's file, fetched first if the layout has it elsewhere.

    Raises RegistryProblem, CredentialProblem, or ImageProblem for a blob that is nowhere.
    """
    checked = descriptor(blob)
    here = layout.blob_file(checked)
    if os.path.exists(here):
        return here
    source = layout.absent().get(checked["digest"])
    if source is None:
        raise ImageProblem(f"the layout lacks the blob {checked['digest']}")
    return _fetched(str(checked["digest"]), int(checked["size"]), Repository.parse(source), environment)


def _fetched(digest: str, size: int, repository: Repository, environment: Mapping[str, str]) -> str:
    directory = _cache(environment)
    kept = os.path.join(directory, digest[len("sha256:") :])
    if os.path.exists(kept):
        return kept
    os.makedirs(directory, exist_ok=True)
    registry = Registry(repository, find_credential(repository.registry, environment))
    handle, partial = tempfile.mkstemp(dir=directory)
    try:
        with os.fdopen(handle, "wb") as file:
            registry.blob(digest, size, file)
        os.chmod(partial, 0o444)
        os.replace(partial, kept)
    except BaseException:
        with contextlib.suppress(FileNotFoundError):
            os.unlink(partial)
        raise
    return kept


def _cache(environment: Mapping[str, str]) -> str:
    base = environment.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):
        base = os.path.join(environment.get("HOME") or tempfile.gettempdir(), ".cache")
    return os.path.join(base, "venvship", "layers")
