"""Standard streams that outlive their readers."""

from __future__ import annotations

from typing import TextIO


class PatientStream:
    """Writes until nobody reads any more, and drops the rest.

    `venvship query //... | head` ends quietly, and `venvship test | head` ends with the code of the tests.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self.is_open = True

    def write(self, text: str, /) -> int:
        if self.is_open:
            try:
                self._stream.write(text)
            except (BrokenPipeError, ValueError):
                self.is_open = False
            except UnicodeEncodeError:
                # A terminal that can't show a character is no reason to fail.
                encoding = self._stream.encoding or "ascii"
                self._stream.write(text.encode(encoding, "backslashreplace").decode(encoding))
        return len(text)

    def flush(self) -> None:
        if self.is_open:
            try:
                self._stream.flush()
            except (BrokenPipeError, ValueError):
                self.is_open = False

    def isatty(self) -> bool:
        return self.is_open and self._stream.isatty()
