"""The action cache: what the outputs of an action were when its key was seen last.

A small file for each key, which appears by a rename. What can't be read is a miss.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import Protocol

from venvship.dataclass import dataclass
from venvship.execution.outputs import Output, parse_output
from venvship.host.files import disk_problems, write_atomically
from venvship.model.paths import ExecPath

_FORMAT = 1
_MAX_SIZE = 64 << 20


@dataclass(frozen=True, slots=True)
class ActionResult:
    """The outputs of an action by exec path, and small facts beside them (a test's status)."""

    outputs: Mapping[ExecPath, Output]
    facts: Mapping[str, str] = field(default_factory=dict)

    def encode(self) -> bytes:
        document = {
            "format": _FORMAT,
            "outputs": {path: str(output) for path, output in sorted(self.outputs.items())},
            "facts": dict(sorted(self.facts.items())),
        }
        return json.dumps(document, separators=(",", ":")).encode()

    @classmethod
    def decode(cls, data: bytes) -> ActionResult:
        """Read what `encode` wrote; raises ValueError for anything else."""
        try:
            document = json.loads(data)
            if document["format"] != _FORMAT:
                raise ValueError("unknown format")
            outputs = {ExecPath(str(path)): parse_output(text) for path, text in document["outputs"].items()}
            facts = {str(name): str(value) for name, value in document["facts"].items()}
        except (TypeError, LookupError, AttributeError, RecursionError) as error:
            raise ValueError(f"malformed action result: {error}") from error
        return cls(outputs, facts)


class ActionCache(Protocol):
    """Results by action key; safe to use from several threads."""

    def get(self, key: str) -> ActionResult | None: ...

    def put(self, key: str, result: ActionResult) -> None: ...


class DiskActionCache:
    """An ActionCache in a directory, shared by all workspaces and processes of a user."""

    def __init__(self, directory: Path) -> None:
        self._root = str(directory)
        with disk_problems(directory):
            os.makedirs(directory, exist_ok=True)

    def get(self, key: str) -> ActionResult | None:
        try:
            with open(self._path(key), "rb") as file:
                data = file.read(_MAX_SIZE + 1)
            return ActionResult.decode(data) if len(data) <= _MAX_SIZE else None
        except (OSError, ValueError):
            return None

    def put(self, key: str, result: ActionResult) -> None:
        path = self._path(key)
        try:
            write_atomically(path, result.encode(), mode=0o444)
        except FileNotFoundError:
            with disk_problems(path):
                os.makedirs(os.path.dirname(path), exist_ok=True)
            write_atomically(path, result.encode(), mode=0o444)

    def _path(self, key: str) -> str:
        return f"{self._root}/{key[:2]}/{key}"
