"""Reads parts of a file on a server that answers range requests.

What is read so is not verified: it may decide which files are fetched, each of which is checked by its hash, and
nothing else.
"""

from __future__ import annotations

import re
from typing import Final

from venvship.repos.network import Network

_BLOCK: Final = 64 << 10
_MAX_SIZE: Final = 1 << 40
_CONTENT_RANGE: Final = re.compile(r"bytes (\d{1,18})-(\d{1,18})/(\d{1,18})", re.ASCII)


class NoRanges(Exception):
    """The server gives whole files only, or does not answer."""


class RemoteFile:
    """A `RandomAccess` over HTTP; blocks are kept, the end of the file first, where archives have their directory."""

    def __init__(self, network: Network, url: str) -> None:
        self._network = network
        self._url = url
        self._blocks: dict[int, bytes] = {}
        self.size = 0
        start, content = self._ask(f"bytes=-{_BLOCK}")
        for offset in range(-start % _BLOCK, len(content), _BLOCK):
            block = content[offset : offset + _BLOCK]
            if len(block) == _BLOCK or start + offset + len(block) == self.size:
                self._blocks[(start + offset) // _BLOCK] = block

    def read_at(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes; raises NoRanges when the server stops answering as it did."""
        end = min(offset + length, self.size)
        first, last = offset // _BLOCK, max(end - 1, offset) // _BLOCK
        missing = [number for number in range(first, last + 1) if number not in self._blocks]
        if missing and end > offset:
            low, high = missing[0] * _BLOCK, min((missing[-1] + 1) * _BLOCK, self.size)
            start, content = self._ask(f"bytes={low}-{high - 1}")
            if start != low or len(content) != high - low:
                raise NoRanges("another range")
            for position in range(0, len(content), _BLOCK):
                self._blocks[(low + position) // _BLOCK] = content[position : position + _BLOCK]
        joined = b"".join(self._blocks[number] for number in range(first, last + 1) if number in self._blocks)
        return joined[offset - first * _BLOCK : end - first * _BLOCK]

    def _ask(self, wanted: str) -> tuple[int, bytes]:
        # Loaded by need: a build that downloads nothing would pay 90 ms for it.
        import requests

        try:
            headers = {"Range": wanted, "Accept-Encoding": "identity"}
            with self._network.get(self._url, headers=headers, stream=True) as response:
                match = _CONTENT_RANGE.fullmatch(response.headers.get("Content-Range", ""))
                if response.status_code != 206 or match is None:
                    raise NoRanges(f"HTTP {response.status_code}")
                first, last, size = (int(text) for text in match.groups())
                if not first <= last < size <= _MAX_SIZE or self.size not in (0, size):
                    raise NoRanges("an impossible range")
                content = response.content
        except requests.RequestException as error:
            raise NoRanges(type(error).__name__) from None
        if len(content) != last - first + 1:
            raise NoRanges("fewer bytes than announced")
        self.size = size
        return first, content
