"""The files that a test leaves: its JUnit report when it wrote none, and the archive of its undeclared outputs."""

from __future__ import annotations

import mimetypes
import os
import re
import zipfile
from pathlib import Path

_NOT_XML = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\ud800-\\udfff\\ufffe\\uffff]")
MAX_REPORTED_LOG = 4 << 20
_EPOCH = (1980, 1, 1, 0, 0, 0)


def junit_report(name: str, *, problem: str | None, seconds: float, log: bytes) -> bytes:
    """A report with one case; `problem` says why it did not pass, `log` is the end of the test's log."""
    text = log.decode(errors="replace")
    safe = _NOT_XML.sub("?", text).replace("]]>", "]]>]]&gt;<![CDATA[")
    errors = int(problem is not None)
    # It brings half of the network with it.
    from xml.sax.saxutils import quoteattr

    error = f"<error message={quoteattr(_NOT_XML.sub('?', problem))}></error>" if problem is not None else ""
    quoted = quoteattr(_NOT_XML.sub("?", name))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        "<testsuites>\n"
        f'  <testsuite name={quoted} tests="1" failures="0" errors="{errors}" time="{seconds:.3f}">\n'
        f'    <testcase name={quoted} status="run" duration="{int(seconds)}" time="{seconds:.3f}">{error}</testcase>\n'
        f"    <system-out>\nGenerated test.log (if the file is not UTF-8, then this may be unreadable):\n"
        f"<![CDATA[{safe}]]>\n    </system-out>\n"
        "  </testsuite>\n"
        "</testsuites>\n"
    ).encode()


def zip_outputs(directory: Path, archive: Path) -> bytes | None:
    """Pack the files below `directory`; returns the manifest of what is in `archive`, None when there is nothing.

    Links are packed as what they lead to; the same files always give the same archive.
    """
    files = sorted(
        os.path.relpath(os.path.join(parent, name), directory)
        for parent, _, names in os.walk(directory)
        for name in names
        if os.path.isfile(os.path.join(parent, name))
    )
    if not files:
        return None
    lines: list[str] = []
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed:
        for name in files:
            full = directory / name
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = (0o100755 if os.access(full, os.X_OK) else 0o100644) << 16
            with open(full, "rb") as source, packed.open(entry, "w", force_zip64=True) as target:
                size = 0
                while chunk := source.read(1 << 20):
                    size += len(chunk)
                    target.write(chunk)
            kind = mimetypes.guess_type(name)[0] or "application/octet-stream"
            lines.append(f"{name}\t{size}\t{kind}\n")
    return "".join(lines).encode("utf-8", "surrogateescape")


def joined_annotations(directory: Path) -> bytes:
    """The annotation parts that a test wrote, one after another."""
    if not directory.is_dir():
        return b""
    return b"".join(part.read_bytes() for part in sorted(directory.glob("*.part")) if part.is_file())
