"""Lock files of hubs that a target says how to make: one of `lock` or `compile_pip_requirements`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from venvship.errors import UserError
from venvship.loading.package_loader import PackageLoader
from venvship.loading.targets import RuleTarget
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.paths import join
from venvship.rules.python.requirements_lock import (
    REQUIREMENTS_LOCK,
    CompileOptions,
    compile_words,
    update_command,
)
from venvship.session.lock_making import CompiledLock

_OTHERS: Final = frozenset({"uv.lock", "pylock.toml"})


def compiled_locks(locks: Iterable[Label], loader: PackageLoader, *, python_version: str) -> Sequence[CompiledLock]:
    """How those of `locks` are made that a target beside them, or in a directory above, makes."""
    found: list[CompiledLock] = []
    for label in dict.fromkeys(locks):
        path = join(label.package.path, label.name)
        target = None if label.name in _OTHERS else _maker(label, path, loader)
        if target is not None:
            found.append(CompiledLock(path, compile_words(_options(target, python_version))))
    return found


def _maker(label: Label, path: str, loader: PackageLoader) -> RuleTarget | None:
    directory = label.package.path
    while True:
        package = PackageId(MAIN_REPOSITORY, directory)
        if loader.exists(package):
            for target in loader.load(package).targets.values():
                if not isinstance(target, RuleTarget) or target.rule_class.name != REQUIREMENTS_LOCK:
                    continue
                if target.attributes.get("out") == path:
                    return target
        if not directory:
            return None
        directory = directory.rpartition("/")[0]


def _options(target: RuleTarget, python_version: str) -> CompileOptions:
    hashes = target.attributes.get("generate_hashes")
    version = target.attributes.get("lock_python_version")
    return CompileOptions(
        _paths(target, "srcs"),
        update_command(target.label),
        _paths(target, "constraints"),
        _paths(target, "build_constraints"),
        str(version or python_version),
        hashes=hashes is not False,
        strips_extras=target.attributes.get("strip_extras") is True,
        words=tuple(str(word) for word in _listed(target, "words")),
    )


def _paths(target: RuleTarget, name: str) -> tuple[str, ...]:
    labels = _listed(target, name)
    foreign = [str(label) for label in labels if not isinstance(label, Label) or label.package.repository]
    if foreign:
        raise UserError(
            f"`{target.label}` names what is no file of the workspace: {', '.join(f'`{label}`' for label in foreign)}",
            place=target.place,
        )
    return tuple(join(label.package.path, label.name) for label in labels if isinstance(label, Label))


def _listed(target: RuleTarget, name: str) -> Sequence[object]:
    value = target.attributes.get(name)
    return value if isinstance(value, tuple | list) else ()
