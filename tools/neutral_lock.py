"""Rewrite a uv.lock so that it names no registry but a neutral origin.

    python tools/neutral_lock.py examples/shopfront/uv.lock
    python tools/neutral_lock.py --check examples/shopfront/uv.lock

A lock that uv made names the index of the machine that made it, and the addresses at which that index happened to
serve each file. Neither belongs into a repository that many machines read. After the rewrite every package comes from
`https://packages.example/simple` and every file from `https://packages.example/simple/<project>/<file name>`; hashes,
sizes and all else stay byte for byte. A reader maps the origin to its own index and checks what it gets by hash.

To lock again, change the pyproject files (never to name the neutral origin as an index: nothing answers there), then

    env -u UV_DEFAULT_INDEX uv lock      # or `uv lock --upgrade`; asks the index that uv's settings name
    python tools/neutral_lock.py uv.lock

uv resolves anew against its index as soon as a requirement changes, keeps the versions of the neutral lock where they
still fit, and writes its own addresses everywhere. While nothing changes, `uv lock --check` accepts the neutral lock.

The rewrite is exact to the line, because uv writes its lock in one shape: a source stands on a line of its own or in a
dependency's inline table, an address in the inline table of its file. What it cannot make neutral (a package from git
or from an address, a file outside its registry, a shape that it does not know) it refuses, and writes nothing.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import unquote, urlsplit

ORIGIN = "https://packages.example/simple"
WORKSPACE_SOURCES = frozenset({"editable", "virtual", "directory"})

_PACKAGE_NAME = re.compile(r'name = "(?P<name>[^"]+)"')
_REGISTRY = re.compile(r'source = \{ registry = "[^"]*"')
_URL = re.compile(r'\{ url = "(?P<url>[^"]*)"')


class NotNeutral(Exception):
    """The lock holds something that has no neutral form."""

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("this lock cannot be made neutral:\n" + "\n".join(f"  {problem}" for problem in problems))
        self.problems = tuple(problems)


def neutral(lock: str) -> str:
    """The text of the lock with neutral sources and addresses.

    >>> print(neutral('''version = 1
    ...
    ... [[package]]
    ... name = "six"
    ... source = { registry = "https://mirror.example/simple" }
    ... wheels = [
    ...     { url = "https://mirror.example/f/0a/six-1.0-py3-none-any.whl", hash = "sha256:aa" },
    ... ]'''))
    version = 1
    <BLANKLINE>
    [[package]]
    name = "six"
    source = { registry = "https://packages.example/simple" }
    wheels = [
        { url = "https://packages.example/simple/six/six-1.0-py3-none-any.whl", hash = "sha256:aa" },
    ]
    """
    problems = sorted(_problems(tomllib.loads(lock)))
    if problems:
        raise NotNeutral(problems)
    rewritten = "".join(_rewrite(lock))
    # The line-exact rewrite trusts uv's shape; here the parser has the last word.
    remaining = sorted(_foreign_addresses(tomllib.loads(rewritten)))
    if remaining:
        raise NotNeutral(remaining)
    return rewritten


def _problems(document: dict[str, object]) -> Iterator[str]:
    if document.get("version") != 1:
        yield f"version {document.get('version')} of the format is unknown"
    for package in _tables(document.get("package")):
        name, source = package.get("name"), package.get("source")
        if not isinstance(source, dict) or len(source) != 1:
            yield f"{name}: its source is not understood"
            continue
        [(kind, place)] = source.items()
        if kind in WORKSPACE_SOURCES:
            if str(place).startswith("/") or ".." in str(place).split("/"):
                yield f"{name}: `{place}` is outside the workspace"
        elif kind != "registry":
            yield f"{name}: it comes from `{kind}`, not from a registry"
        elif "://" not in str(place):
            yield f"{name}: its registry is a directory of one machine"
        for file in _files(package):
            if "url" not in file or "hash" not in file:
                yield f"{name}: a file without address or hash"


def _rewrite(lock: str) -> Iterator[str]:
    project = ""
    for line in lock.splitlines(keepends=True):
        if found := _PACKAGE_NAME.match(line):
            project = re.sub(r"[-_.]+", "-", found["name"]).lower()
        line = _REGISTRY.sub(f'source = {{ registry = "{ORIGIN}"', line)
        if found := _URL.search(line):
            line = f"{line[: found.start('url')]}{_address(found['url'], project)}{line[found.end('url') :]}"
        yield line


def _address(url: str, project: str) -> str:
    # The name stays percent-encoded as uv wrote it, so that a second rewrite finds nothing to do.
    return f"{ORIGIN}/{project}/{urlsplit(url).path.rsplit('/', 1)[-1]}"


def _foreign_addresses(node: object, place: str = "lock") -> Iterator[str]:
    """The places of all addresses that are not neutral; markers and names hold none."""
    match node:
        case dict():
            for key, value in node.items():
                yield from _foreign_addresses(value, f"{place}.{key}")
        case list():
            for index, value in enumerate(node):
                yield from _foreign_addresses(value, f"{place}[{index}]")
        case str() if "://" in unquote(node) and not (node == ORIGIN or node.startswith(f"{ORIGIN}/")):
            yield f"{place}: an address remains"
        case _:
            pass


def _tables(value: object) -> list[dict[str, object]]:
    return [entry for entry in value if isinstance(entry, dict)] if isinstance(value, list) else []


def _files(package: dict[str, object]) -> list[dict[str, object]]:
    sdist = package.get("sdist")
    return _tables(package.get("wheels")) + ([sdist] if isinstance(sdist, dict) else [])


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Rewrite a uv.lock so that it names no registry but a neutral origin.")
    parser.add_argument("lock", type=Path)
    parser.add_argument("--check", action="store_true", help="write nothing; fail if there is something to rewrite")
    options = parser.parse_args(arguments)

    before = options.lock.read_bytes().decode("utf-8")
    try:
        after = neutral(before)
    except NotNeutral as error:
        print(f"{options.lock}: {error}", file=sys.stderr)
        return 2
    if options.check:
        if after != before:
            print(f"{options.lock}: not neutral; run this program without --check", file=sys.stderr)
        return int(after != before)
    if after != before:
        options.lock.write_bytes(after.encode("utf-8"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
