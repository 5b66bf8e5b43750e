"""Which toolchains a workspace registers, in the order in which they are tried."""

from __future__ import annotations

from collections.abc import Iterable

from venvship.loading.package_loader import PackageLoader
from venvship.loading.targets import RuleTarget
from venvship.model.label import Label, PackageId
from venvship.modules.module_graph import ModuleGraph
from venvship.rules.python.runtime import INTERPRETERS


def registered_toolchains(
    patterns: Iterable[tuple[str, str]], loader: PackageLoader, modules: ModuleGraph
) -> list[Label]:
    """The toolchains that patterns name; each comes with the module that it is written in.

    `//pkg:all` and `//pkg/...` stand for every `toolchain` target there. Interpreters are no toolchains of this kind:
    they are chosen by version, and their repository may be registered as other tools want it. An absent module offers
    no toolchain, and whoever asks for its types is told so.
    """
    found: dict[Label, None] = {}
    for module, pattern in patterns:
        home = PackageId(module, "")
        mapping = modules.mapping_of(module)
        if pattern.endswith("/..."):
            above = pattern.removesuffix("...")
            text = f"{above}:all" if above.endswith("//") else f"{above.removesuffix('/')}:all"
            start = Label.parse(text, relative_to=home, repository_mapping=mapping)
            if modules.absence(start.repository) is not None:
                continue
            packages = loader.packages_below(start.repository, start.package.path)
            if start.repository != INTERPRETERS:
                found.update(dict.fromkeys(label for package in packages for label in _toolchains(loader, package)))
            continue
        label = Label.parse(pattern, relative_to=home, repository_mapping=mapping)
        if label.repository == INTERPRETERS or modules.absence(label.repository) is not None:
            continue
        if label.name in ("all", "*"):
            found.update(dict.fromkeys(_toolchains(loader, label.package)))
        else:
            found[label] = None
    return list(found)


def _toolchains(loader: PackageLoader, package: PackageId) -> list[Label]:
    return [
        target.label
        for target in loader.load(package).targets.values()
        if isinstance(target, RuleTarget) and target.rule_class.name == "toolchain"
    ]
