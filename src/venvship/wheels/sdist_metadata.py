"""What a source archive says that it needs, without a build: `PKG-INFO`, or what setuptools writes beside it.

Only where both say nothing may a build say something else.
"""

from __future__ import annotations

from collections.abc import Iterator

from packaging.requirements import InvalidRequirement, Requirement


def sdist_metadata(pkg_info: bytes, requires: bytes | None) -> bytes:
    """Headers like those of METADATA with all that is needed; `requires` is a `requires.txt` of setuptools.

    >>> sdist_metadata(b"Name: a\\n", b"one\\n[cli:os_name == 'nt']\\ntwo>=2\\n").decode().splitlines()[1:]
    ['Requires-Dist: one', 'Requires-Dist: two>=2; os_name == "nt" and extra == "cli"']
    """
    head = pkg_info.replace(b"\r\n", b"\n").partition(b"\n\n")[0].strip()
    if requires is None or b"\nrequires-dist:" in b"\n" + head.lower():
        return head + b"\n"
    lines = [f"Requires-Dist: {text}" for text in _requirements(requires.decode(errors="replace"))]
    return b"\n".join([head, *(line.encode() for line in lines), b""])


def _requirements(text: str) -> Iterator[str]:
    conditions: list[str] = []
    for raw in text.splitlines():
        line = raw.strip()
        if line.startswith("[") and line.endswith("]"):
            extra, _, marker = line[1:-1].partition(":")
            conditions = [f"({marker})"] if marker else []
            conditions += [f'extra == "{extra}"'] if extra else []
        elif line and not line.startswith("#"):
            try:
                requirement = Requirement(line)
                own = [f"({requirement.marker})"] if requirement.marker else []
                requirement.marker = None
                condition = " and ".join([*own, *conditions])
                yield str(Requirement(f"{requirement} ; {condition}" if condition else str(requirement)))
            except InvalidRequirement:
                continue  # a build says what it means
