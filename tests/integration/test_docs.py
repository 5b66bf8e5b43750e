"""What the documents say is true: commands, flags, targets, links and paths that they name exist."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from venvship.cli.commands import command_names
from venvship.cli.flag_table import STARTUP_FLAGS, flags_of

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = ("README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "CHANGELOG.md")
# In pieces, so that this file does not name them either.
REGISTRIES = tuple(
    first + second for first, second in ((b"pypi.", b"org"), (b"python", b"hosted."), (b"registry.", b"npm"))
)
_FLAG = re.compile(r"--([a-z][a-z_]+)")


def project_files() -> list[Path]:
    """The tracked files; in an export without history, everything that work has not left behind."""
    if (ROOT / ".git").exists():
        command = ["git", "-c", "safe.directory=*", "-C", str(ROOT), "ls-files", "-z"]
        names = subprocess.run(command, check=True, capture_output=True).stdout.split(b"\0")
        paths = [ROOT / os.fsdecode(name) for name in names if name]
    else:
        paths = list(_exported(ROOT))
    return [path for path in paths if path.is_file() and not path.is_symlink()]


def _exported(directory: Path) -> Iterator[Path]:
    left_behind = ("__pycache__", ".venv", "build", "dist", ".hypothesis")
    for parent, names, files in os.walk(directory):
        names[:] = [name for name in names if name not in left_behind and not name.endswith("_cache")]
        yield from (Path(parent, name) for name in files)


def pages() -> list[Path]:
    return [*(ROOT / name for name in PAGES), *sorted((ROOT / "docs").rglob("*.md"))]


def shell_lines(page: str) -> list[str]:
    """The lines of a page's shell blocks, without their comments."""
    blocks = re.findall(r"^```sh\n(.*?)^```", (ROOT / page).read_text("utf-8"), re.DOTALL | re.MULTILINE)
    return [line.partition("#")[0].strip() for block in blocks for line in block.splitlines() if line.strip()]


def test_commands_and_flags_of_the_readme_exist() -> None:
    commands = [line.split() for line in shell_lines("README.md") if line.startswith("venvship ")]
    assert len(commands) > 5
    unknown = [words[1] for words in commands if words[1] not in command_names()]
    assert unknown == []
    for words in commands:
        ours = words[: words.index("--")] if "--" in words else words
        flags = {match[1] for word in ours if (match := _FLAG.match(word))}
        assert flags <= set(flags_of(words[1])), words


def test_flags_in_the_text_of_the_readme_exist() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    spans = [span for span in re.findall(r"`([^`\n]+)`", text) if span.startswith(("venvship ", "--"))]
    known = {flag.name for flag in STARTUP_FLAGS}.union(*(flags_of(command) for command in command_names()))
    assert spans
    assert [flag for span in spans for flag in _FLAG.findall(span) if flag not in known] == []


def test_make_targets_that_documents_name_exist() -> None:
    makefile = (ROOT / "Makefile").read_text("utf-8")
    targets = set(re.findall(r"^([a-z]+):", makefile, re.MULTILINE))
    for page in ("README.md", "CONTRIBUTING.md"):
        named = {line.split()[1] for line in shell_lines(page) if line.startswith("make ")}
        named |= set(re.findall(r"`make ([a-z]+)", (ROOT / page).read_text("utf-8")))
        assert named
        assert named <= targets, page


def test_help_of_make_names_every_target_that_users_call() -> None:
    done = subprocess.run(["make", "-C", str(ROOT), "help"], check=True, capture_output=True, text=True)
    assert [
        name for name in ("quickstart", "test", "lint", "bench", "clean") if f"make {name} " not in done.stdout
    ] == []


def test_links_between_pages_resolve() -> None:
    broken: list[str] = []
    links = 0
    for page in pages():
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text("utf-8")):
            links += 1
            path, _, anchor = target.partition("#")
            file = page.parent / path if path else page
            if not file.exists() or (anchor and anchor not in _anchors(file)):
                broken.append(f"{page.relative_to(ROOT)}: {target}")
    assert links > 10
    assert broken == []


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("page", ["ARCHITECTURE.md", "CONTRIBUTING.md"])
def test_files_and_modules_that_a_page_names_exist(page: str) -> None:
    spans = re.findall(r"`([^`\s]+)`", (ROOT / page).read_text("utf-8"))
    paths = [span for span in spans if "/" in span and re.fullmatch(r"[a-z_./-]+", span)]
    modules = [
        span for span in spans if re.fullmatch(r"[a-z]+(\.[a-z_]+)+", span) and not span.endswith((".py", ".md"))
    ]
    homes = (ROOT, ROOT / "src/venvship", ROOT / "src")
    assert paths
    assert [path for path in paths if not any((home / path).exists() for home in homes)] == []
    assert [module for module in modules if not _is_module_or_member(module)] == []


def _is_module_or_member(name: str) -> bool:
    path = ROOT / "src/venvship" / name.replace(".", "/")
    member = path.parent.with_suffix(".py")
    if path.with_suffix(".py").exists() or (path / "__init__.py").exists():
        return True
    return member.exists() and re.search(rf"\b{path.name}\b", member.read_text("utf-8")) is not None


def test_every_decision_is_listed_and_has_the_same_parts() -> None:
    directory = ROOT / "docs/adr"
    listed = re.findall(r"\]\((\d{4}-[a-z0-9-]+\.md)\)", (directory / "README.md").read_text("utf-8"))
    assert listed == sorted(path.name for path in directory.glob("[0-9]*.md"))
    parts = ["Context", "Requirements", "Options", "Decision", "Consequences"]
    for name in listed:
        assert re.findall(r"^## (.+)$", (directory / name).read_text("utf-8"), re.MULTILINE) == parts, name


def test_no_file_names_a_package_registry() -> None:
    named = [
        f"{path.relative_to(ROOT)}: {registry.decode()}"
        for path in project_files()
        for registry in REGISTRIES
        if registry in path.read_bytes()
    ]
    assert named == []


def test_no_file_holds_a_path_of_this_machine() -> None:
    places = {str(ROOT), os.path.realpath(sys.prefix), f"{Path.home()}/."}
    if not sys.base_prefix.startswith("/usr"):
        places.add(os.path.realpath(sys.base_prefix))
    found = [
        f"{path.relative_to(ROOT)}: {place}"
        for path in project_files()
        for place in sorted(places)
        if place.encode() in path.read_bytes()
    ]
    assert found == []
