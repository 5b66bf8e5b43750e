"""`debian_package`, `debian_packages`, `debian_base`: images that begin with packages of Debian, and hold no shell.

A package is a file with a hash; what its scripts would make and an image needs is made by `tools.debian_root`.
"""

from __future__ import annotations

import base64
import re

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.images.root_system import RootDirectory, directories, system_texts
from venvship.images.sbom import SbomComponent
from venvship.loading.rule_class import RuleClass
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.oci.base import base_image, directory_rows, root_layer
from venvship.rules.oci.layers import LayerReason

SYSTEM = "_system"
"""What `tools.debian_root` calls the files that belong to no package."""

_NAME = re.compile(r"[a-z0-9][a-z0-9+.-]+\Z")
_USER = re.compile(r"[a-z_][a-z0-9_-]{0,31}\Z")
_ZONE = re.compile(r"[A-Za-z0-9_+-]+(?:/[A-Za-z0-9_+-]+)*\Z")


@dataclass(frozen=True, slots=True, eq=False)
class DebianPackage:
    """One version of a package for one architecture."""

    name: str
    version: str
    architecture: str
    sha256: str
    file: Artifact

    @property
    def component(self) -> SbomComponent:
        qualifiers = (("arch", self.architecture),) if self.architecture else ()
        return SbomComponent("deb/debian", self.name, self.version, self.sha256, qualifiers)


@dataclass(frozen=True, slots=True, eq=False)
class DebianPackagesInfo:
    packages: tuple[DebianPackage, ...]


def _provided(packages: tuple[DebianPackage, ...]) -> list[object]:
    files = Depset([package.file for package in packages])
    return [DefaultInfo(files, Runfiles(files=files)), DebianPackagesInfo(packages)]


def _debian_package(ctx: RuleContext) -> list[object]:
    name = ctx.string("package")
    if not _NAME.match(name):
        raise ctx.error(f"`{name}` can't be the name of a Debian package")
    return _provided(
        (DebianPackage(name, ctx.string("version"), ctx.string("architecture"), ctx.string("sha256"), ctx.file("deb")),)
    )


DEBIAN_PACKAGE = RuleClass(
    "debian_package",
    (
        attributes.label("deb", files=(".deb",), mandatory=True),
        attributes.string("package", mandatory=True),
        attributes.string("version", mandatory=True),
        attributes.string("architecture"),
        attributes.string("sha256"),
    ),
    _debian_package,
)


def _packages(ctx: RuleContext) -> tuple[DebianPackage, ...]:
    """Every package once, by name; one name is one file."""
    found: dict[str, DebianPackage] = {}
    for info in ctx.provided("packages", DebianPackagesInfo):
        for package in info.packages:
            present = found.setdefault(package.name, package)
            if present.file != package.file:
                raise ctx.error(
                    f"`packages` has the Debian package `{package.name}` in the versions {present.version} and "
                    f"{package.version}",
                    hint="take all packages of an image from one lock",
                )
    return tuple(found[name] for name in sorted(found))


DEBIAN_PACKAGES = RuleClass(
    "debian_packages",
    (attributes.labels("packages", providers=(DebianPackagesInfo,), mandatory=True),),
    lambda ctx: _provided(_packages(ctx)),
)


def _debian_base(ctx: RuleContext) -> list[object]:
    packages = _packages(ctx)
    if not packages:
        raise ctx.error("`packages` has no packages")
    users = _users(ctx)
    zone = ctx.string("timezone")
    if zone and not _ZONE.match(zone):
        raise ctx.error(f"`timezone` must be a name such as `Etc/UTC`, and is `{zone}`")
    root = ctx.declare_directory(f"{ctx.label.name}_root")
    ctx.run_tool(
        "debian_root",
        {"packages": tuple(package.file for package in packages), "output": root, "timezone": zone},
        inputs=[package.file for package in packages],
        outputs=[root],
        mnemonic="DebianRoot",
        progress=f"Unpacking {len(packages)} Debian packages for {ctx.label}",
        placeless=True,
    )
    system: list[RequestValue] = [_part(root, SYSTEM, "what packages' scripts would make"), *directory_rows(users[1])]
    for path, text in system_texts(users[0]).items():
        system.append({"text": base64.b64encode(text.encode()).decode(), "at": path, "origin": str(ctx.label)})
    versions = tuple(f"{package.name} {package.version}" for package in packages)
    if ctx.string("layers") == "package":
        layers = [
            root_layer(ctx, title, [_part(root, package.name, title)], inputs=[root], suffix=f"_{package.name}")
            for package, title in zip(packages, versions, strict=True)
        ]
        reasons = [LayerReason(title, "a layer for each Debian package", (title,)) for title in versions]
        layers.append(root_layer(ctx, "system", system, inputs=[root], suffix=SYSTEM))
        reasons.append(LayerReason("system", "users, certificates, and directories that programs expect"))
    else:
        rows = [_part(root, package.name, title) for package, title in zip(packages, versions, strict=True)]
        layers = [root_layer(ctx, "Debian packages", [*rows, *system], inputs=[root])]
        reasons = [LayerReason("Debian packages", "packages by hash, users, certificates", versions)]
    return [*base_image(ctx, layers, reasons, root=root), DebianPackagesInfo(packages)]


def _part(root: Artifact, name: str, origin: str) -> RequestValue:
    return {"tree": root, "at": "", "strip": name, "origin": origin}


def _users(ctx: RuleContext) -> tuple[dict[str, int], tuple[RootDirectory, ...]]:
    users: dict[str, int] = {}
    for name, text in ctx.string_dict("users").items():
        if not _USER.match(name) or not (text.isascii() and text.isdigit()) or int(text) >= 1 << 31:
            raise ctx.error(f"`users` must have names with numbers, and has `{name}` with `{text}`")
        users[name] = int(text)
    taken = {"root", "nobody", "nonroot"} & set(users)
    if taken:
        raise ctx.error(f"`users` has `{min(taken)}`, which every image has")
    return users, directories(users)


DEBIAN_BASE = RuleClass(
    "debian_base",
    (
        attributes.labels("packages", providers=(DebianPackagesInfo,), mandatory=True),
        attributes.string("layers", "one", values=("one", "package")),
        attributes.string_dict("users"),
        attributes.string("timezone"),
    ),
    _debian_base,
)
