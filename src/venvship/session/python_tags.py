"""The tags by which modules register versions of Python, and say where interpreters are fetched from."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Final

from venvship.model.label import Label
from venvship.model.paths import join
from venvship.model.platform import PythonVersion
from venvship.modules.module_file import Tag
from venvship.session.extensions import RuntimeArchive, RuntimePatch
from venvship.session.tag_attributes import TagAttributes

_BUILDS: Final = ("install_only", "install_only_stripped")
_LATEST: Final = "latest"
_DATE: Final = re.compile(r"[0-9]{8}", re.ASCII)


class PythonTags:
    """What the tags say: versions in order, the exact ones as they are written, and archives."""

    def __init__(self, read_file: Callable[[Label], str | None], variable: Callable[[str], str | None]) -> None:
        self._read_file = read_file
        self._variable = variable
        self.versions: dict[PythonVersion, None] = {}
        self._exact: dict[str, None] = {}
        self._mapped: dict[PythonVersion, str] = {}
        self.default: PythonVersion | None = None
        self.archives: list[RuntimeArchive] = []
        self.archive_bases: tuple[str, ...] = ()
        self.archive_build = ""
        self.releases: tuple[str, ...] = ()
        self._defaults: dict[str, tuple[PythonVersion, Tag]] = {}
        self._configured: Tag | None = None

    @property
    def exact(self) -> tuple[str, ...]:
        """The release that each version stands for: what it is mapped to, else the newest that is named."""
        named = sorted(self._exact, key=lambda text: [int(part) for part in text.removesuffix("t").split(".")])
        return tuple(({PythonVersion.parse(text): text for text in named} | self._mapped).values())

    def read(self, tag: Tag, attributes: TagAttributes, *, extension: str, is_root: bool) -> None:
        match tag.name:
            case "toolchain":
                version = attributes.version()
                if version is not None:
                    self.versions[version] = None
                    text = attributes.text("python_version")
                    if text.count(".") > 1:
                        self._exact[text] = None
                    if tag.arguments.get("is_default") is True and is_root:
                        self._check_default(version, attributes, extension)
                        self.default = version
            case "defaults" if is_root:
                self.default = self._default_version(attributes)
            case "configure" if is_root:
                self._configure(attributes)
            case "override" if is_root:
                self.archive_bases = attributes.texts("base_urls") or self.archive_bases
                for text in attributes.texts("available_python_versions"):
                    if _release(text, attributes) is not None:
                        self._exact[text] = None
                self._map(attributes)
            case "single_version_override" | "single_version_platform_override":
                hashes = tag.arguments.get("sha256")
                platform = attributes.text("platform")
                by_platform = (
                    {str(key): str(value) for key, value in hashes.items()}
                    if isinstance(hashes, Mapping)
                    else {platform: str(hashes or "")}
                )
                self.archives.append(
                    RuntimeArchive(
                        attributes.required("python_version"),
                        attributes.texts("urls"),
                        by_platform,
                        attributes.text("strip_prefix") or "python",
                        tuple(self._patches(attributes)),
                    )
                )

    def _check_default(self, version: PythonVersion, attributes: TagAttributes, extension: str) -> None:
        first, tag = self._defaults.setdefault(extension, (version, attributes.tag))
        if first != version:
            attributes.refuse(
                f"Python {version} is the default, and so is {first}, at {tag.place}",
                hint="write `is_default = True` for one version",
            )

    def _configure(self, attributes: TagAttributes) -> None:
        if self._configured is not None:
            attributes.refuse(
                f"a tag `configure` says already where interpreters come from, at {self._configured.place}"
            )
        self._configured = attributes.tag
        base = attributes.text("base_url")
        self.archive_bases = (base,) if base else self.archive_bases
        self.archive_build = attributes.text("build_config")
        if self.archive_build not in ("", *_BUILDS):
            attributes.refuse(
                f"`build_config` is `{self.archive_build}`",
                hint=f"it may be {' or '.join(f'`{build}`' for build in _BUILDS)}",
            )
        releases = attributes.texts("releases")
        wrong = [name for name in releases if name != _LATEST and not _DATE.fullmatch(name)]
        if wrong:
            attributes.refuse(
                f"`releases` names {', '.join(f'`{name}`' for name in wrong)}",
                hint=f"write dates like `20260414`, or `{_LATEST}`",
            )
        # With the latest one, all that are known may be taken.
        self.releases = () if _LATEST in releases else releases

    def _map(self, attributes: TagAttributes) -> None:
        for minor, full in attributes.pairs("minor_mapping").items():
            version = attributes.parsed_version(minor)
            if version is None or _release(full, attributes) is None:
                continue
            if PythonVersion.parse(full) != version:
                attributes.refuse(f"`minor_mapping` maps {minor} to {full}, which is another version")
            self._mapped[version] = full

    def _patches(self, attributes: TagAttributes) -> Iterator[RuntimePatch]:
        strip = attributes.number("patch_strip")
        for label in attributes.labels("patches"):
            text = self._read_file(label)
            if text is None:
                attributes.refuse(f"can't read the patch `{label}`")
            else:
                yield RuntimePatch(text.encode(), strip, join(label.package.path, label.name))

    def _default_version(self, attributes: TagAttributes) -> PythonVersion | None:
        """What a variable says, where it is set, else the first line of a file, else the tag itself."""
        variable, file = attributes.text("python_version_env"), attributes.label("python_version_file")
        text = (self._variable(variable) or "") if variable else ""
        if not text and file is not None:
            content = self._read_file(file)
            if content is None:
                attributes.refuse(f"can't read `{file}`, which `python_version_file` names")
                return None
            text = content.strip().partition("\n")[0].strip()
        return attributes.parsed_version(text) if text else attributes.version()


def _release(text: str, attributes: TagAttributes) -> PythonVersion | None:
    """The version of a release such as `3.12.4`; None where something else is said, which is refused."""
    version = attributes.parsed_version(text)
    if version is None or text.count(".") < 2:
        attributes.refuse(f"`{text}` is no release of Python", hint="write all three numbers, like `3.12.4`")
        return None
    return version
