"""Names in virtualenvs that rules of a workspace ask for: the `venv_symlinks` of a `PyInfo` that they make."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.model.paths import TreePath, join, relative_link
from venvship.model.platform import PythonVersion
from venvship.rules.python.library import Closure
from venvship.rules.python.providers import VenvSymlinkEntry, VenvSymlinkKind, VirtualenvInfo
from venvship.venvs.layout import site_packages_of
from venvship.venvs.plan import VenvLink

_DIRECTORIES: Final = {VenvSymlinkKind.BIN: "bin", VenvSymlinkKind.INCLUDE: "include", VenvSymlinkKind.DATA: ""}


def given_links(
    ctx: RuleContext, closure: Closure, *, taken: Sequence[TreePath], directory: TreePath, python: PythonVersion
) -> list[VenvLink]:
    """The links of a virtualenv that are asked for, by path; `taken` are the paths that it has anyway.

    Raises UserError for a path that is no place of its own.
    """
    targets = _targets(ctx, closure, python)
    known: set[str] = set()
    for path in taken:
        known.update(_upwards(path))
    whole = frozenset(taken)
    for path in sorted(targets):
        if path in known or any(above in whole or (above != path and above in targets) for above in _upwards(path)):
            raise ctx.error(
                f"`venv_symlinks` of a dependency puts something at `{path}`, where the virtualenv has something else",
                hint="give it another `venv_path`, or leave the dependency out",
            )
    return [VenvLink(path, relative_link(f"{directory}/{path}", targets[path])) for path in sorted(targets)]


def check_given_links(ctx: RuleContext, closure: Closure, venv: VirtualenvInfo) -> None:
    """Refuse a shared virtualenv that lacks a link which dependencies of the program ask for."""
    targets = _targets(ctx, closure, venv.runtime.version)
    if not targets:
        return
    held = {link.runfiles_path for link in venv.links.to_tuple()}
    lacking = [path for path in sorted(targets) if f"{venv.directory}/{path}" not in held]
    if lacking:
        names = ", ".join(f"`{path}`" for path in lacking)
        raise ctx.error(
            f"`venv_symlinks` of dependencies ask for {names}, which `{venv.label}` does not hold",
            hint=f"add these dependencies to the deps of `{venv.label}`, or remove external_venv",
        )


def _targets(ctx: RuleContext, closure: Closure, python: PythonVersion) -> dict[TreePath, str]:
    """What each path in the virtualenv leads to, by runfiles path; wheels are there without having to be asked for."""
    asked = closure.code.made_symlinks
    if not asked:
        return {}
    installs = {install.runfiles_path for install in closure.wheels.installs.to_tuple()}
    found: dict[TreePath, str] = {}
    for entry in asked.to_tuple():
        target = entry.link_to_file.runfiles_path if entry.link_to_file is not None else entry.link_to_path
        if target is not None and not any(above in installs for above in _upwards(target)):
            # The first one wins, as in rules_python.
            found.setdefault(_path(ctx, entry, python), target)
    return found


def _path(ctx: RuleContext, entry: VenvSymlinkEntry, python: PythonVersion) -> TreePath:
    if entry.kind not in list(VenvSymlinkKind):
        raise ctx.error(f"`venv_symlinks` has the kind `{entry.kind}`; kinds are {', '.join(VenvSymlinkKind)}")
    if any(part in ("", ".", "..") for part in entry.venv_path.split("/")):
        raise ctx.error(f"`venv_symlinks` has the path `{entry.venv_path}`, which leads out of the virtualenv")
    kind = VenvSymlinkKind(entry.kind)
    base = site_packages_of(python) if kind is VenvSymlinkKind.LIB else _DIRECTORIES[kind]
    return TreePath(join(base, entry.venv_path))


def _upwards(path: str) -> list[str]:
    """The path and all directories above it."""
    parts = path.split("/")
    return ["/".join(parts[: count + 1]) for count in range(len(parts))]
