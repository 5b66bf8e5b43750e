"""The tags of the extension `pip` of rules_python: hubs, their locks, and how wheels are modified."""

from __future__ import annotations

import dataclasses
import re
from collections.abc import Mapping
from typing import Final

from venvship.errors import Place, VenvshipError
from venvship.model.label import Label, PackageId
from venvship.modules.module_file import Tag
from venvship.repos.lock_indexes import LockIndexes, of_options
from venvship.rules.python.distributions import package_name
from venvship.session.declared_hubs import DeclaredHubs
from venvship.session.extension_tags import COPIED_FILES, LOCKS_OF_SYSTEMS, WITHOUT_EFFECT
from venvship.session.extensions import LockProject, PackageOverride, Patches
from venvship.session.tag_attributes import MistakenTag, TagAttributes
from venvship.wheels.filename import WheelFilename, normalise_name

_PLATFORM_PATTERN: Final = re.compile(r"(?:linux|osx|macos|windows)_(?:\*|[a-z0-9_]+)", re.ASCII)


class PipTags:
    """Adds what the tags say to the hubs; `modification_hubs` are those that tags `whl_mods` are for."""

    def __init__(self, hubs: DeclaredHubs) -> None:
        self._hubs = hubs
        self._modifications: dict[str, PackageOverride] = {}
        self._own_data: dict[str, tuple[str, ...]] = {}
        # What holds for all locks of tags `parse`, and the places of these.
        self._usual = LockIndexes()
        self._of_parse: set[Place] = set()
        self._modified: list[tuple[str, str, str, tuple[Label, ...], Place]] = []
        self.warnings: list[str] = []

    @property
    def modification_hubs(self) -> frozenset[str]:
        return frozenset(key.partition("//")[0] for key in self._modifications)

    def read(self, tag: Tag, attributes: TagAttributes) -> None:
        if tag.name in ("parse", "default"):
            self._warn(tag)
        match tag.name:
            case "parse":
                self._read_parse(tag, attributes)
            case "default":
                self._read_default(attributes)
            case "whl_mods":
                self._read_modification(tag, attributes)
            case "override":
                self._read_override(tag, attributes)

    def _warn(self, tag: Tag) -> None:
        """Say what of a tag changes nothing, by what to do instead."""
        useless: dict[str, list[str]] = {}
        for name in sorted(WITHOUT_EFFECT.keys() & tag.arguments.keys()):
            if tag.arguments[name]:
                useless.setdefault(WITHOUT_EFFECT[name], []).append(f"`{name}`")
        for instead, names in useless.items():
            have = "has" if len(names) == 1 else "have"
            self.warnings.append(f"{tag.place}: {', '.join(names)} of `pip.{tag.name}` {have} no effect: {instead}")

    def _read_parse(self, tag: Tag, attributes: TagAttributes) -> None:
        hub = attributes.required("hub_name")
        self._hubs.declared[hub] = tag.place
        version = attributes.version() if attributes.text("python_version") else None
        locks = _locks_of_parse(attributes)
        if not locks:
            hint = "name a file that pins everything: `requirements_lock` or `uv_lock`"
            attributes.problems.append(MistakenTag(f"hub `{hub}` has no lock file", place=tag.place, hint=hint))
            return
        indexes = self._read_indexes(tag, attributes)
        for lock, platforms in locks.items():
            self._hubs.projects.append(
                LockProject(
                    hub,
                    lock,
                    tag.place,
                    python_version=version,
                    platforms=tuple(platforms),
                    indexes=indexes,
                    variables=attributes.texts("envsubst"),
                )
            )
            self._of_parse.add(tag.place)
        for key, name in attributes.pairs("whl_modifications").items():
            self._modified.append((key, name, hub, tuple(locks), tag.place))

    def _read_indexes(self, tag: Tag, attributes: TagAttributes) -> LockIndexes:
        """What a tag `parse` says of indexes; words for pip are stronger than attributes."""
        of_words, others = of_options(attributes.texts("extra_pip_args"))
        if others:
            words = ", ".join(f"`{word}`" for word in others)
            have = "has" if len(others) == 1 else "have"
            self.warnings.append(
                f"{tag.place}: {words} in `extra_pip_args` of `pip.parse` {have} no effect: what is locked is "
                "installed, and `override_package` of `uv` is for builds from source"
            )
        by_project = attributes.pairs("experimental_index_url_overrides")
        found = LockIndexes(
            attributes.text("experimental_index_url"),
            attributes.texts("experimental_extra_index_urls"),
            by_project={_normalised(name): url for name, url in by_project.items()},
            netrc=attributes.text("netrc"),
            patterns=attributes.pairs("auth_patterns"),
        )
        return found.joined(of_words)

    def _read_default(self, attributes: TagAttributes) -> None:
        here = LockIndexes(
            attributes.text("index_url"), netrc=attributes.text("netrc"), patterns=attributes.pairs("auth_patterns")
        )
        self._usual = here.joined(self._usual)

    def _read_modification(self, tag: Tag, attributes: TagAttributes) -> None:
        refused = sorted(name for name in COPIED_FILES & set(tag.arguments) if tag.arguments[name])
        if refused:
            attributes.refuse(
                f"tag `whl_mods` does not support {', '.join(f'`{name}`' for name in refused)}: a distribution's "
                "package has no files",
                hint="put the targets into a package of the workspace, and name them with `data`",
            )
        text: str | Label = attributes.text("additive_build_content")
        file = attributes.label("additive_build_content_file")
        if text and file is not None:
            attributes.refuse("`additive_build_content` and `additive_build_content_file` exclude each other")
        key = f"{attributes.required('hub_name')}//:{attributes.required('whl_name')}.json"
        globs = (*attributes.texts("srcs_exclude_glob"), *attributes.texts("data_exclude_glob"))
        # What begins with a colon is in the package of the distribution.
        data = attributes.texts("data")
        self._own_data[key] = tuple(text[1:] for text in data if text.startswith(":"))
        found = (attributes.parsed(text) for text in data if not text.startswith(":"))
        self._modifications[key] = PackageOverride(
            attributes.required("whl_name"),
            tag.place,
            exclude_globs=tuple(glob.removeprefix("site-packages/") for glob in globs),
            extra_data=tuple(label for label in found if label is not None),
            build_text=file if file is not None else text,
        )

    def _read_override(self, tag: Tag, attributes: TagAttributes) -> None:
        filename = attributes.required("file")
        try:
            wheel = WheelFilename.parse(filename)
        except ValueError as error:
            attributes.problems.append(MistakenTag(str(error), place=tag.place))
            return
        patches = tag.arguments.get("patches")
        files = tuple(patches) if isinstance(patches, Mapping) else attributes.texts("patches")
        strip = tag.arguments.get("patch_strip")
        self._hubs.overrides.append(
            PackageOverride(
                wheel.distribution,
                tag.place,
                version=wheel.version,
                file=filename,
                post_install=Patches(
                    tuple(label for text in files if (label := attributes.parsed(str(text))) is not None),
                    strip if isinstance(strip, int) else 0,
                ),
            )
        )

    def modify(self, problems: list[VenvshipError]) -> None:
        """Let the changes of `whl_mods` count for the locks whose tags name them, and what is usual for all locks."""
        self._hubs.projects[:] = [
            dataclasses.replace(project, indexes=self._usual.joined(project.indexes))
            if project.place in self._of_parse
            else project
            for project in self._hubs.projects
        ]
        for key, name, hub, locks, place in self._modified:
            found = self._modifications.get(key.lstrip("@"))
            try:
                project = normalise_name(name)
            except ValueError as error:
                problems.append(MistakenTag(str(error), place=place))
                continue
            if found is None:
                known = ", ".join(f"`@{one}`" for one in sorted(self._modifications)) or "none"
                message = f"`whl_modifications` names `{key}`, which no tag `whl_mods` makes"
                problems.append(MistakenTag(message, place=place, hint=f"there are {known}"))
                continue
            package = PackageId(hub, package_name(project))
            own = tuple(Label(package, target) for target in self._own_data[key.lstrip("@")])
            data = (*found.extra_data, *own)
            self._hubs.overrides += [
                dataclasses.replace(found, name=project, lock=lock, extra_data=data) for lock in locks
            ]


def _normalised(name: str) -> str:
    try:
        return normalise_name(name)
    except ValueError:
        return name  # of no project that could be asked for


def _locks_of_parse(attributes: TagAttributes) -> Mapping[Label, list[str]]:
    """The locks of a tag `parse` with the platforms that each is for; none means those that no other is for."""
    found: dict[Label, list[str]] = {}
    for name, pattern in LOCKS_OF_SYSTEMS.items():
        lock = attributes.label(name)
        if lock is not None:
            found.setdefault(lock, []).append(pattern)
    for text, platforms in attributes.pairs("requirements_by_platform").items():
        lock = attributes.parsed(text)
        patterns = [pattern.strip() for pattern in platforms.split(",")]
        wrong = [pattern for pattern in patterns if not _PLATFORM_PATTERN.fullmatch(pattern)]
        if wrong:
            attributes.refuse(
                f"`requirements_by_platform` names the platform `{wrong[0]}`",
                hint="write platforms like `linux_*` or `osx_aarch64`",
            )
        elif lock is not None:
            found.setdefault(lock, []).extend(pattern.replace("osx_", "macos_") for pattern in patterns)
    lock = attributes.label("uv_lock") or attributes.label("requirements_lock")
    if lock is not None:
        found[lock] = []
    return found
