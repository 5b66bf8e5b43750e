"""The indexes of one lock: those that `pip.parse` names, and those that options in a requirements file do.

They are asked before those of this machine's settings, as pip takes words of its command line for stronger than its
configuration. What is installed is the same wherever it comes from: the lock has the hashes.
"""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import field
from pathlib import Path
from typing import Final

from venvship.dataclass import dataclass
from venvship.errors import UserError

_LONG: Final = {"-i": "--index-url", "-f": "--find-links"}
_WITH_VALUE: Final = frozenset({"--index-url", "--extra-index-url", "--find-links", "--trusted-host"})
_VARIABLE: Final = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::?-([^}]*))?\}|\$([A-Za-z_][A-Za-z0-9_]*)")
_VARIABLE_OF_FILE: Final = re.compile(r"\$\{([A-Z0-9_]+)\}")


@dataclass(frozen=True, slots=True)
class LockIndexes:
    """What is said of the indexes of a lock; `index` is the one that takes the place of the usual one.

    `by_project` has an index for single projects, `netrc` is a file with passwords, and `patterns` say by host how
    these are sent (`Bearer <password>`).
    """

    index: str = ""
    extra_indexes: tuple[str, ...] = ()
    links: tuple[str, ...] = ()
    by_project: Mapping[str, str] = field(default_factory=dict)
    trusted_hosts: tuple[str, ...] = ()
    without_index: bool = False
    netrc: str = ""
    patterns: Mapping[str, str] = field(default_factory=dict)

    @property
    def indexes(self) -> tuple[str, ...]:
        every = (self.index, *self.extra_indexes)
        return () if self.without_index else tuple(dict.fromkeys(one for one in every if one))

    @property
    def addresses(self) -> tuple[str, ...]:
        """All that may hold credentials."""
        return (*self.indexes, *self.links, *self.by_project.values())

    @property
    def origin(self) -> str:
        """What files of the lock are said to come from; empty where no index is named."""
        # Loaded by need, as below: every command reads tags, and few ask indexes.
        from venvship.repos.urls import without_credentials

        named = [without_credentials(one) for one in (*self.indexes, *self.links)]
        projects = sorted((name, without_credentials(url)) for name, url in self.by_project.items())
        if not named and not projects and not self.without_index:
            return ""
        digest = hashlib.sha256(repr((named, projects, self.without_index)).encode()).hexdigest()
        return f"{(named or [url for _, url in projects] or ['none'])[0]}#{digest[:16]}"

    def joined(self, stronger: LockIndexes) -> LockIndexes:
        """Both; where only one can count, that of `stronger`."""
        return LockIndexes(
            stronger.index or self.index,
            (*stronger.extra_indexes, *self.extra_indexes),
            (*stronger.links, *self.links),
            {**self.by_project, **stronger.by_project},
            (*stronger.trusted_hosts, *self.trusted_hosts),
            self.without_index or stronger.without_index,
            stronger.netrc or self.netrc,
            {**self.patterns, **stronger.patterns},
        )

    def written_out(self, change: Callable[[str], str], *, directory: Path) -> LockIndexes:
        """With `change` applied to each address, and with paths that begin at `directory`."""

        def placed(text: str) -> str:
            path = os.path.expanduser(text)
            return text if not text or "://" in text or text.startswith("file:") else str(directory / path)

        return LockIndexes(
            change(self.index),
            tuple(map(change, self.extra_indexes)),
            tuple(placed(change(one)) for one in self.links),
            {name: change(url) for name, url in self.by_project.items()},
            self.trusted_hosts,
            self.without_index,
            placed(self.netrc),
            self.patterns,
        )


def of_options(words: Iterable[str]) -> tuple[LockIndexes, tuple[str, ...]]:
    """What words of pip's command line say of indexes, and the words that say something else."""
    found: dict[str, list[str]] = {name: [] for name in _WITH_VALUE}
    others: list[str] = []
    without_index = False
    option = ""
    for word in (part for text in words for part in text.split()):
        if option:
            found[option].append(word)
            option = ""
            continue
        name, equals, value = word.partition("=")
        if name[:2] in _LONG and not name.startswith("--") and len(word) > 2:
            name, equals, value = name[:2], "=", word[2:].removeprefix("=")
        name = _LONG.get(name, name)
        if name in _WITH_VALUE:
            if equals:
                found[name].append(value)
            else:
                option = name
        elif word == "--no-index":
            without_index = True
        else:
            others.append(word)
    indexes = found["--index-url"]
    said = LockIndexes(
        indexes[-1] if indexes else "",
        tuple(found["--extra-index-url"]),
        tuple(found["--find-links"]),
        trusted_hosts=tuple(found["--trusted-host"]),
        without_index=without_index,
    )
    return said, tuple(others)


def of_lock(path: Path, environ: Mapping[str, str]) -> LockIndexes:
    """What options in a requirements file say; nothing for other locks, and for what can't be read."""
    if path.suffix == ".toml" or path.name == "uv.lock":
        return LockIndexes()
    from venvship.repos.requirements_files import with_included
    from venvship.wheels.requirements_txt import option_words

    found = LockIndexes()
    try:
        for file in with_included(path, path.read_bytes(), shown=str(path)):
            said, _ = of_options(option_words(file.data))
            here = said.written_out(lambda text: expanded(text, environ), directory=file.path.parent)
            found = here.joined(found)
    except (OSError, UserError):
        pass  # whoever reads the lock itself says what is wrong with it
    return found


def expanded(text: str, environ: Mapping[str, str]) -> str:
    """A text of a requirements file with `${NAME}` replaced, as pip does it; what is not set stays as it is."""
    return _VARIABLE_OF_FILE.sub(lambda match: environ.get(match[1], match[0]), text)


def substituted(text: str, names: Iterable[str], environ: Mapping[str, str]) -> str:
    """A text with `$NAME`, `${NAME}` and `${NAME:-default}` replaced for these variables of the environment."""
    known = frozenset(names)

    def replaced(match: re.Match[str]) -> str:
        name = match[1] or match[3]
        return environ.get(name, match[2] or "") if name in known else match[0]

    return _VARIABLE.sub(replaced, text)
