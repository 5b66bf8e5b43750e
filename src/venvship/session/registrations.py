"""Which toolchains and execution platforms a workspace registers, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Iterable

from venvship.loading.package_loader import PackageLoader
from venvship.loading.targets import RuleTarget
from venvship.model.label import Label, PackageId
from venvship.modules.module_graph import ModuleGraph
from venvship.rules.python.runtime import INTERPRETERS


def registered(
    rule: str, patterns: Iterable[tuple[str, str]], loader: PackageLoader, modules: ModuleGraph
) -> list[Label]:
    """The targets of a rule that patterns name; each pattern comes with the module that it is written in.

    `//pkg:all` and `//pkg/...` stand for every target of the rule there, by name, and those of packages below a package
    before its own. Interpreters are no toolchains of this kind: they are chosen by version, and their repository may be
    registered as other tools want it. An absent module offers nothing, and whoever asks for its types is told so.
    """
    found: dict[Label, None] = {}
    for module, pattern in patterns:
        home = PackageId(module, "")
        mapping = modules.mapping_of(module)
        if pattern.endswith("/..."):
            above = pattern.removesuffix("...")
            text = f"{above}:all" if above.endswith("//") else f"{above.removesuffix('/')}:all"
            start = Label.parse(text, relative_to=home, repository_mapping=mapping)
            if start.repository != INTERPRETERS and not loader.is_absent(start.repository):
                packages = loader.packages_below(start.repository, start.package.path)
                for package in sorted(packages, key=_inner_first):
                    found.update(dict.fromkeys(_targets(rule, loader, package)))
            continue
        label = Label.parse(pattern, relative_to=home, repository_mapping=mapping)
        if label.repository == INTERPRETERS or loader.is_absent(label.repository):
            continue
        if label.name in ("all", "*"):
            found.update(dict.fromkeys(_targets(rule, loader, label.package)))
        else:
            found[label] = None
    return list(found)


def _inner_first(package: PackageId) -> tuple[tuple[bool, str], ...]:
    """Sorts packages as their paths, and each after those that lie in it."""
    names = package.path.split("/") if package.path else []
    return (*((False, name) for name in names), (True, ""))


def _targets(rule: str, loader: PackageLoader, package: PackageId) -> list[Label]:
    return sorted(
        target.label
        for target in loader.load(package).targets.values()
        if isinstance(target, RuleTarget) and target.rule_class.name == rule
    )
