"""Puts planned venvs on a disk, and reads layouts from wheels that an installer has unpacked."""

from __future__ import annotations

import email.parser
import hashlib
import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from venvship.model.paths import TreePath
from venvship.venvs.plan import VenvFile, VenvLink, VenvPlan, VenvScript
from venvship.venvs.wheel_layout import InstalledScript, InstalledWheel, ScriptEntryPoint
from venvship.wheels.archive import BytesAccess
from venvship.wheels.elf import MAGIC, read_elf
from venvship.wheels.entry_points import parse_entry_points

_LEGACY_NAMESPACE = re.compile(rb"extend_path\s*\(\s*__path__|declare_namespace\s*\(\s*__name__")


def apply_plan(plan: VenvPlan, directory: Path) -> None:
    """Make every entry; scripts become small Python programs."""
    for entry in plan.entries:
        path = directory / entry.path
        path.parent.mkdir(parents=True, exist_ok=True)
        match entry:
            case VenvLink(text=text):
                path.symlink_to(text)
            case VenvFile(content=content, executable=executable):
                path.write_bytes(content)
                path.chmod(0o755 if executable else 0o644)
            case VenvScript(script=ScriptEntryPoint(module=module, attribute=attribute)):
                path.write_text(f"#!{directory}/bin/python\nimport sys, {module}\nsys.exit({module}.{attribute}())\n")
                path.chmod(0o755)
            case VenvScript(script=InstalledScript()):
                path.write_text("# a script whose first line has to be written anew\n")


def installed_wheel(prefix: Path, runfiles_path: str, *, python: str = "python3.11") -> InstalledWheel:
    """Read the layout of the one distribution that was installed with `--prefix`."""
    site = prefix / "lib" / python / "site-packages"
    [dist_info] = site.glob("*.dist-info")
    headers = email.parser.HeaderParser().parsestr((dist_info / "METADATA").read_text("utf-8"))
    files = sorted(_files(site))
    data = [path for path in _files(prefix) if not path.startswith(("lib/python", "bin/", ".lock"))]
    points = dist_info / "entry_points.txt"
    scripts = parse_entry_points(points.read_bytes() if points.exists() else b"")
    names = {point.name for point in (*scripts.console_scripts, *scripts.gui_scripts)}
    return InstalledWheel.of_files(
        re.sub(r"[-_.]+", "-", headers["Name"]).lower(),
        headers["Version"],
        site_packages=TreePath(f"{runfiles_path}/lib/{python}/site-packages"),
        prefix=TreePath(runfiles_path),
        files=files,
        data=data,
        entry_points=[ScriptEntryPoint(p.name, p.module, p.attribute) for p in scripts.console_scripts],
        scripts=[
            InstalledScript(path.name, f"bin/{path.name}", path.read_bytes()[:2] == b"#!")
            for path in sorted((prefix / "bin").glob("*"))
            if path.name not in names
        ],
        legacy_namespaces=[
            path.rpartition("/")[0]
            for path in files
            if path.endswith("/__init__.py") and _LEGACY_NAMESPACE.search((site / path).read_bytes())
        ],
        path_files={path: (site / path).read_text() for path in files if "/" not in path and path.endswith(".pth")},
        origins=dict(_origins(site, files)),
        identities={path: hashlib.sha256((site / path).read_bytes()).digest() for path in files if "__init__" in path},
    )


def _files(directory: Path) -> Iterator[str]:
    for where, _, names in os.walk(directory):
        for name in names:
            yield (Path(where) / name).relative_to(directory).as_posix()


def _origins(site: Path, files: list[str]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for path in files:
        if ".so" not in path:
            continue
        data = (site / path).read_bytes()
        facts = read_elf(BytesAccess(data), path=path) if data.startswith(MAGIC) else None
        if facts is not None and facts.origin_directories:
            yield path, facts.origin_directories


def wheel(
    project: str,
    *files: str,
    version: str = "1.0",
    root: str = "pypi",
    data: Iterable[str] = (),
    entry_points: Iterable[ScriptEntryPoint] = (),
    scripts: Iterable[InstalledScript] = (),
    legacy_namespaces: Iterable[str] = (),
    path_files: Mapping[str, str] | None = None,
    origins: Mapping[str, tuple[str, ...]] | None = None,
    identities: Mapping[str, object] | None = None,
    bytecode_tag: str | None = None,
) -> InstalledWheel:
    """A wheel that lies at `<root>/<project>/<version>` and has metadata besides `files`."""
    prefix = f"{root}/{project}/{version}"
    return InstalledWheel.of_files(
        project,
        version,
        site_packages=TreePath(f"{prefix}/lib/python3.11/site-packages"),
        prefix=TreePath(prefix),
        files=[*files, f"{project}-{version}.dist-info/METADATA"],
        data=data,
        entry_points=entry_points,
        scripts=scripts,
        legacy_namespaces=legacy_namespaces,
        path_files=path_files,
        origins=origins,
        identities=identities,
        bytecode_tag=bytecode_tag,
    )
