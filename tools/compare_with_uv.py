"""Compares what `venvship lock show` answers with uv and packaging, over lock files of real projects.

    python tools/compare_with_uv.py DIRECTORY... [--samples N] [--seed N]

Each directory holds a `uv.lock` with its `pyproject.toml` (and those of its members). Choices of project, extras,
groups, platform and Python are drawn at random; for each, `uv export --format pylock.toml` says which packages are
installed and `packaging.pylock` which of their files, and both must be what our own reader answers. Where uv refuses a
choice, we must refuse it too.
"""

from __future__ import annotations

import argparse
import os
import random
import subprocess
import sys
import tomllib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import unquote

from packaging import tags as packaging_tags
from packaging.markers import Marker
from packaging.pylock import Pylock
from packaging.specifiers import SpecifierSet
from packaging.utils import canonicalize_name, parse_wheel_filename

from venvship.errors import VenvshipError
from venvship.session.lock_show import Question, show_lock
from venvship.wheels.lock import Lock
from venvship.wheels.markers import MarkerEnvironment
from venvship.wheels.targets import parse_target_platform
from venvship.wheels.uv_lock import parse_uv_lock

_PYTHONS = ("3.10.14", "3.11.9", "3.12.4", "3.13.2", "3.14.0")
_PLATFORMS = ("linux-x86_64", "linux-aarch64", "linux-x86_64-musl1.2", "linux-x86_64-glibc2.17", "macos-arm64-14.0")

Chosen = frozenset[tuple[str, str | None, str | None]]


@dataclass(frozen=True)
class Case:
    directory: Path
    question: Question

    def __str__(self) -> str:
        q = self.question
        return f"{self.directory.name}: {q.root} extras={q.extras} groups={q.groups} {q.python} {q.platform}"


def draw(lock: Lock, directory: Path, chance: random.Random) -> Case:
    """One choice of what the lock offers."""
    member = chance.choice(lock.members)
    packages = [lock.packages[index] for index in lock.by_name[member]]
    extras = sorted({extra for package in packages for extra in package.optional_dependencies})
    groups = sorted({group for package in packages for group in package.dev_dependencies})
    return Case(
        directory,
        Question(
            member,
            tuple(sorted(chance.sample(extras, chance.randint(0, min(3, len(extras)))))),
            tuple(sorted(chance.sample(groups, chance.randint(0, min(2, len(groups)))))),
            # uv exports for all versions of Python that the lock is for, and checks none.
            chance.choice([version for version in _PYTHONS if version in SpecifierSet(lock.requires_python)]),
            chance.choice(_PLATFORMS),
        ),
    )


def ours(case: Case) -> Chosen | str:
    """What our reader answers, or why it refuses."""
    try:
        answer = show_lock(case.directory / "uv.lock", case.question)
    except VenvshipError as error:
        return str(error)
    # Source trees have versions that only a build knows, so uv does not export them.
    return frozenset((one.name, one.version if one.file else None, one.file) for one in answer.distributions)


def theirs(case: Case, uv: str) -> Chosen | str:
    """What uv exports for the choice, with the file that packaging takes of each package."""
    question = case.question
    command = [uv, "export", "--quiet", "--frozen", "--no-default-groups", "--format", "pylock.toml"]
    command += ["--no-header", "--no-emit-project", "--package", question.root]
    command += [option for extra in question.extras for option in ("--extra", extra)]
    command += [option for group in question.groups for option in ("--group", group)]
    environment = {**os.environ, "UV_NO_CONFIG": "1", "UV_OFFLINE": "1", "UV_PYTHON_DOWNLOADS": "never"}
    done = subprocess.run(command, cwd=case.directory, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        return done.stderr.strip()
    document = tomllib.loads(done.stdout)
    variables = {**MarkerEnvironment.of(parse_target_platform(question.platform), question.python).variables}
    supported = list(tags_of(question))
    found: set[tuple[str, str | None, str | None]] = set()
    for package in document.get("packages", []):
        marker = package.get("marker")
        if marker is not None and not Marker(marker).evaluate({**variables, "extra": ""}):
            continue
        name = canonicalize_name(package["name"])
        if "vcs" in package or "directory" in package:
            found.add((name, None, None))
            continue
        alone = {**document, "packages": [{key: value for key, value in package.items() if key != "marker"}]}
        file = chosen_file(alone, supported)
        if file is None:
            return f"`{name}` has no file for the target"
        found.add((name, package.get("version") or version_in(file), file))
    return frozenset(found)


def chosen_file(document: dict[str, object], supported: list[packaging_tags.Tag]) -> str | None:
    """The best wheel of the one package of a document, else its sdist."""
    [package] = Pylock.from_dict(document).packages
    rank = {tag: number for number, tag in reversed(list(enumerate(supported)))}
    best: list[tuple[int, tuple[int, ...], str]] = []
    for wheel in package.wheels or ():
        _, _, build, tags = parse_wheel_filename(wheel.filename)
        fitting = [rank[tag] for tag in tags if tag in rank]
        if fitting:
            best.append((min(fitting), (-build[0],) if build else (1,), named(wheel.url, wheel.path)))
    if best:
        return min(best)[2]
    if package.archive is not None:
        return named(package.archive.url, package.archive.path)
    return None if package.sdist is None else named(package.sdist.url, package.sdist.path)


def named(url: str | None, path: str | None) -> str:
    """The name of a file as its address has it: uv writes names in a form of its own beside addresses."""
    return unquote((url or path or "").partition("#")[0].partition("?")[0].rpartition("/")[2])


def version_in(file: str) -> str | None:
    return str(parse_wheel_filename(file)[1]) if file.endswith(".whl") else None


def tags_of(question: Question) -> Iterator[packaging_tags.Tag]:
    """The tags of a target, spelled out without our own code."""
    major, minor = (int(part) for part in question.python.split(".")[:2])
    platforms = list(_platform_tags(question.platform))
    yield from packaging_tags.cpython_tags((major, minor), [f"cp{major}{minor}"], platforms)
    yield from packaging_tags.compatible_tags((major, minor), f"cp{major}{minor}", platforms)


def _platform_tags(platform: str) -> Iterator[str]:
    legacy = {17: "manylinux2014", 12: "manylinux2010", 5: "manylinux1"}
    if platform.startswith("macos"):
        yield from packaging_tags.mac_platforms((14, 0), "arm64")
        return
    machine = "aarch64" if "aarch64" in platform else "x86_64"
    if "musl" in platform:
        yield from (f"musllinux_1_{minor}_{machine}" for minor in (2, 1, 0))
    else:
        newest = 17 if platform.endswith("2.17") else 36
        for minor in range(newest, 16 if machine == "aarch64" else 4, -1):
            yield f"manylinux_2_{minor}_{machine}"
            if minor in legacy:
                yield f"{legacy[minor]}_{machine}"
    yield f"linux_{machine}"


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Compare what locks give with uv and packaging.")
    parser.add_argument("directories", nargs="+", type=Path)
    parser.add_argument("--samples", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--uv", default=str(Path(sys.prefix) / "bin" / "uv"))
    options = parser.parse_args(arguments)
    chance = random.Random(options.seed)
    locks = {
        directory: parse_uv_lock((directory / "uv.lock").read_bytes(), filename="uv.lock")
        for directory in options.directories
    }
    outcomes: Counter[str] = Counter()
    for number in range(options.samples):
        directory = options.directories[number % len(options.directories)]
        case = draw(locks[directory], directory, chance)
        mine, other = ours(case), theirs(case, options.uv)
        if isinstance(mine, str) or isinstance(other, str):
            same = isinstance(mine, str) and isinstance(other, str)
            outcomes["both refuse" if same else "one refuses"] += 1
            if not same:
                print(f"{case}\n  ours:   {_short(mine)}\n  theirs: {_short(other)}")
        elif mine == other:
            outcomes["equal"] += 1
        else:
            outcomes["different"] += 1
            print(case)
            print(f"  only ours:   {sorted(map(str, mine - other))}")
            print(f"  only theirs: {sorted(map(str, other - mine))}")
    print(f"{len(locks)} locks, {options.samples} choices: {dict(outcomes)}")
    return 1 if outcomes["different"] or outcomes["one refuses"] else 0


def _short(outcome: Chosen | str) -> str:
    return outcome.replace("\n", "\n    ")[:600] if isinstance(outcome, str) else f"{len(outcome)} distributions"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
