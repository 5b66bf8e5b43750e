"""Compiled programs, kept so that a file which has not changed is neither parsed nor checked again."""

from __future__ import annotations

import hashlib
import os
from typing import Protocol

from venvship.errors import EnvironmentProblem
from venvship.host.files import write_atomically
from venvship.starlark.program import CACHE_TAG, Dialect, Program, compile_program

_DIGEST_BYTES = hashlib.sha256().digest_size


class CodeCache(Protocol):
    """Bytes by key. What was put may be forgotten; what is got was put."""

    def get(self, key: str) -> bytes | None: ...

    def put(self, key: str, data: bytes) -> None: ...


class MemoryCodeCache:
    """Programs of one process."""

    def __init__(self) -> None:
        self._entries: dict[str, bytes] = {}

    def get(self, key: str) -> bytes | None:
        return self._entries.get(key)

    def put(self, key: str, data: bytes) -> None:
        self._entries[key] = data


class DiskCodeCache:
    """Programs in a directory of the output base, one file each."""

    def __init__(self, directory: str) -> None:
        self._directory = directory
        self._is_there = False

    def get(self, key: str) -> bytes | None:
        try:
            with open(self._path(key), "rb") as file:
                stored = file.read()
        except OSError:
            return None
        # Half a program must never reach the unmarshaller, which trusts what it reads.
        digest, data = stored[:_DIGEST_BYTES], stored[_DIGEST_BYTES:]
        return data if hashlib.sha256(data).digest() == digest else None

    def put(self, key: str, data: bytes) -> None:
        content = hashlib.sha256(data).digest() + data
        try:
            if not self._is_there:
                os.makedirs(self._directory, exist_ok=True)
                self._is_there = True
            write_atomically(self._path(key), content)
        except (OSError, EnvironmentProblem):
            # A full or read-only disk costs time on the next build, nothing else.
            return

    def _path(self, key: str) -> str:
        return f"{self._directory}/{key}"


def compiled(source: bytes, *, filename: str, dialect: Dialect, cache: CodeCache | None) -> Program:
    """The program of a file, from the cache when it was compiled before; raises what `compile_program` raises."""
    if cache is None:
        return compile_program(source, filename=filename, dialect=dialect)
    named = f"{CACHE_TAG}\0{dialect.value}\0{filename}\0".encode("utf-8", "surrogateescape")
    key = hashlib.sha256(named + source).hexdigest()
    stored = cache.get(key)
    if stored is not None:
        return Program.restore(stored)
    program = compile_program(source, filename=filename, dialect=dialect)
    cache.put(key, program.dump())
    return program
