"""`py_wheel` and what belongs to it: wheels that are built from libraries of the workspace."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.loading.attributes import AttributeSpec, AttributeType
from venvship.loading.rule_class import RuleClass
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact, ArtifactKind
from venvship.model.depset import Depset, union
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.providers import PyInfo
from venvship.rules.python.transitions import python_transition
from venvship.tools.build_wheel import with_extra
from venvship.wheels.entry_points import MalformedEntryPoints, parse_entry_points

_NAME: Final = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
# What stands for a value of the build in outputs that are not stamped.
_PLACEHOLDER: Final = re.compile(r"\{\w+\}")
# A name, `=`, and an object reference, which may have extras behind it (entry points specification).
_ENTRY_POINT: Final = re.compile(r"\s*[^=\[\s][^=\n]*=\s*[\w.]+\s*(?::\s*[\w.]+\s*)?(?:\[[^\]\n]*\]\s*)?")
_GROUP: Final = re.compile(r"[^\s\[\]]+")
_SCRIPTS: Final = ("console_scripts", "gui_scripts")
_TAG: Final = re.compile(r"[A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*")
_PREFIXES: Final = ("purelib", "platlib", "headers", "scripts", "data")
# PyPI takes no longer ones.
_URL_LABEL: Final = 32


@dataclass(frozen=True, slots=True, eq=False)
class PyWheelInfo:
    """A wheel that was built, and a file that holds its name."""

    wheel: Artifact
    name_file: Artifact


def _stamped(ctx: RuleContext, name: str) -> str:
    """An attribute with Make variables and, if the wheel is stamped, with values of the build for `{KEY}`."""
    text = ctx.expand(ctx.string(name))
    for key, value in ctx.status.values.items() if ctx.is_stamped else ():
        text = text.replace(f"{{{key}}}", value)
    return text


def _version(ctx: RuleContext) -> str:
    """The version as installers spell it.

    Without a stamp, values of the build are zeros, and the local part of the version names them.
    """
    # Commands that build no wheel do without.
    from packaging.version import InvalidVersion, Version

    text = _stamped(ctx, "version")
    tried = [text]
    if _PLACEHOLDER.search(text) and not ctx.is_stamped:
        zeros = _PLACEHOLDER.sub("0", text)
        local = re.sub("[^a-z0-9]+", ".", text.lower()).strip(".")
        tried = [f"{zeros}{'.' if '+' in zeros else '+'}{local}", f"0+{local}"]
    for each in tried:
        with contextlib.suppress(InvalidVersion):
            return str(Version(each))
    raise ctx.error(
        f"`version` is `{text}`, which is no version",
        hint="no value of the build has this name" if _PLACEHOLDER.search(text) else None,
    )


def _py_wheel(ctx: RuleContext) -> list[object]:
    distribution, version = _stamped(ctx, "distribution"), _version(ctx)
    if not _NAME.fullmatch(distribution):
        raise ctx.error(
            f"`distribution` is `{distribution}`, which is no name of a distribution",
            hint=None if ctx.is_stamped else "values of the build, such as {BUILD_USER}, are there with --stamp",
        )
    tags = {name: _stamped(ctx, name) for name in ("python_tag", "abi", "platform")}
    for attribute, text in tags.items():
        if not _TAG.fullmatch(text):
            raise ctx.error(f"`{attribute}` is `{text}`, which is no tag of wheels")
    tag = "-".join(tags.values())
    name = f"{re.sub('[-_.]+', '_', distribution).lower()}-{version}-{tag}.whl"
    output = ctx.declare_file(name)
    files = [*_rows(ctx), *_data_rows(ctx)]
    extra: list[RequestValue] = [
        {"path": _inside(ctx, "extra_distinfo_files", path), "file": _only_file(ctx, "extra_distinfo_files", target)}
        for target, path in zip(
            ctx.targets("extra_distinfo_files"), ctx.label_dict("extra_distinfo_files").values(), strict=True
        )
    ]
    description = ctx.file("description_file") if ctx.targets("description_file") else None
    requires: list[RequestValue] = []
    if ctx.targets("requires_file"):
        requires.append({"file": ctx.file("requires_file"), "extra": ""})
    requires += [
        {"file": _only_file(ctx, "extra_requires_files", target), "extra": text}
        for target, text in zip(
            ctx.targets("extra_requires_files"), ctx.label_dict("extra_requires_files").values(), strict=True
        )
    ]
    if ctx.strings("requires") and requires:
        raise ctx.error("`requires` and `requires_file` are both set", hint="keep one of them")
    request: dict[str, RequestValue] = {
        "output": output,
        "distribution": distribution,
        "version": version,
        "tag": tag,
        "purelib": ctx.string("platform") == "any",
        "compress": ctx.boolean("compress"),
        "files": tuple(files),
        "metadata": tuple(_metadata(ctx, distribution, version)),
        "requires_files": tuple(requires),
        "description": description,
        "entry_points": _entry_points(ctx),
        "extra_dist_info": tuple(extra),
    }
    ctx.run_tool(
        "build_wheel",
        request,
        inputs=[file for file in _artifacts(request.values()) if file != output],
        outputs=[output],
        mnemonic="PyWheel",
        progress=f"Building {name}",
    )
    name_file = ctx.declare_file(f"{ctx.label.name}.name")
    ctx.write(name_file, f"{name}\n".encode())
    return [
        DefaultInfo(Depset([output]), Runfiles(files=Depset([output])), Runfiles(files=Depset([output]))),
        PyWheelInfo(output, name_file),
    ]


def _only_file(ctx: RuleContext, attribute: str, target: ConfiguredTarget) -> Artifact:
    files = target.default_info.files.to_tuple()
    if len(files) != 1:
        raise ctx.error(f"`{attribute}` needs one file of each target, and `{target.label}` has {len(files)}")
    return files[0]


def _artifacts(values: Iterable[RequestValue]) -> Iterator[Artifact]:
    for value in values:
        match value:
            case Artifact():
                yield value
            case tuple():
                yield from _artifacts(value)
            case Mapping():
                yield from _artifacts(value.values())
            case _:
                pass


def _rows(ctx: RuleContext) -> Iterator[dict[str, RequestValue]]:
    prefixes = ctx.strings("strip_path_prefixes")
    added = ctx.string("add_path_prefix")
    interfaces = union(info.direct_pyi_files for info in ctx.provided("deps", PyInfo))
    for file in dict.fromkeys((*ctx.files("deps"), *interfaces.to_tuple())):
        path = file.short_path.removeprefix("../").partition("/")[2] if file.root.repository else file.short_path
        for prefix in prefixes:
            if path.startswith(prefix):
                path = path[len(prefix) :].lstrip("/")
                break
        path = f"{added.strip('/')}/{path}".lstrip("/")
        yield {"path": _inside(ctx, "add_path_prefix", path) if added else path, "file": file}


def _data_rows(ctx: RuleContext) -> Iterator[dict[str, RequestValue]]:
    destinations = ctx.label_dict("data_files").values()
    for target, destination in zip(ctx.targets("data_files"), destinations, strict=True):
        if destination.partition("/")[0] not in _PREFIXES:
            raise ctx.error(
                f"`data_files` puts `{target.label}` at `{destination}`",
                hint=f"paths begin with one of {', '.join(f'{prefix}/' for prefix in _PREFIXES)}",
            )
        for file in target.default_info.files.to_tuple():
            name = file.path.rpartition("/")[2]
            at = destination + name if destination.endswith("/") else destination
            _inside(ctx, "data_files", at)
            # The tool knows how the directory is called; it belongs to the distribution and its version.
            yield {"path": f"{{data}}/{at}", "file": file}


def _inside(ctx: RuleContext, attribute: str, path: str) -> str:
    """A path that leads nowhere else than it says."""
    if not path or any(part in ("", ".", "..") for part in path.split("/")):
        raise ctx.error(
            f"`{attribute}` has the path `{path}`, which leads out of its place in the wheel",
            hint="write it without empty parts, `.` and `..`",
        )
    return path


def _requirement(ctx: RuleContext, attribute: str, text: str) -> str:
    # Commands that build no wheel do without.
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        Requirement(text)
    except InvalidRequirement as error:
        reason = str(error).partition("\n")[0]
        raise ctx.error(f"`{attribute}` has `{text}`, which is no requirement: {reason}") from None
    return text


def _check_specifiers(ctx: RuleContext, text: str) -> None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        raise ctx.error(
            f"`python_requires` is `{text}`, which is no set of versions", hint="write it like `>=3.9,<4`"
        ) from None


def _line(ctx: RuleContext, attribute: str, value: str) -> str:
    if "\n" in value or "\r" in value:
        raise ctx.error(f"`{attribute}` has a value of more than one line")
    return value


def _metadata(ctx: RuleContext, distribution: str, version: str) -> Iterator[str]:
    yield "Metadata-Version: 2.1"
    yield f"Name: {distribution}"
    yield f"Version: {version}"
    for header, name in (
        ("Summary", "summary"),
        ("Home-page", "homepage"),
        ("Author", "author"),
        ("Author-email", "author_email"),
        ("License", "license"),
        ("Requires-Python", "python_requires"),
    ):
        value = _line(ctx, name, ctx.string(name))
        if name == "python_requires":
            _check_specifiers(ctx, value)
        if value:
            yield f"{header}: {value}"
    for label, address in ctx.string_dict("project_urls").items():
        if len(label) > _URL_LABEL:
            raise ctx.error(f"`project_urls` has the label `{label}`, which is longer than {_URL_LABEL} characters")
        yield _line(ctx, "project_urls", f"Project-URL: {label}, {address}")
    for classifier in ctx.strings("classifiers"):
        yield _line(ctx, "classifiers", f"Classifier: {classifier}")
    content_type = ctx.string("description_content_type")
    if content_type or ctx.targets("description_file"):
        yield f"Description-Content-Type: {_line(ctx, 'description_content_type', content_type) or _content_type(ctx)}"
    for requirement in ctx.strings("requires"):
        yield f"Requires-Dist: {_requirement(ctx, 'requires', requirement)}"
    extras = dict.fromkeys(ctx.string_list_dict("extra_requires"))
    extras.update(dict.fromkeys(ctx.label_dict("extra_requires_files").values()))
    for extra in sorted(extras):
        if not _NAME.fullmatch(extra):
            raise ctx.error(f"`{extra}` is no name of an extra")
        yield f"Provides-Extra: {extra}"
        for requirement in ctx.string_list_dict("extra_requires").get(extra, ()):
            yield f"Requires-Dist: {with_extra(_requirement(ctx, 'extra_requires', requirement), extra)}"


def _content_type(ctx: RuleContext) -> str:
    name = ctx.file("description_file").path
    return "text/markdown" if name.endswith(".md") else "text/x-rst" if name.endswith(".rst") else "text/plain"


def _entry_points(ctx: RuleContext) -> str:
    groups: dict[str, list[str]] = {group: list(lines) for group, lines in ctx.string_list_dict("entry_points").items()}
    scripts = [f"{name} = {reference}" for name, reference in ctx.string_dict("console_scripts").items()]
    if scripts:
        groups.setdefault("console_scripts", []).extend(scripts)
    wrong = [
        f"`entry_points` has `{line}` for `{group}`, which is no {'script' if group in _SCRIPTS else 'entry point'}"
        for group, lines in groups.items()
        for line in lines
        if not _is_entry_point(group, line)
    ]
    if wrong:
        raise ctx.error("\n  ".join(wrong), hint="write it like `name = package.module:function`")
    return "\n".join(
        "".join([f"[{group}]\n", *(f"{line}\n" for line in sorted(groups[group]))]) for group in sorted(groups)
    )


def _is_entry_point(group: str, line: str) -> bool:
    """Whether installers can make something of it."""
    if not _GROUP.fullmatch(group) or not _ENTRY_POINT.fullmatch(line):
        return False
    try:
        parse_entry_points(f"[{group}]\n{line}\n".encode())
    except MalformedEntryPoints:
        return False
    return True


PY_WHEEL = RuleClass(
    "py_wheel",
    (
        attributes.string("distribution", mandatory=True),
        attributes.string("version", mandatory=True),
        attributes.string("abi", "none"),
        attributes.string("platform", "any"),
        attributes.string("python_tag", "py3"),
        attributes.boolean("compress", True),
        attributes.tristate("stamp"),
        attributes.labels("deps", files=True, providers=(PyInfo,)),
        attributes.strings("requires"),
        attributes.label("requires_file", files=True),
        AttributeSpec("extra_requires", AttributeType.STRING_LIST_DICT),
        AttributeSpec("extra_requires_files", AttributeType.LABEL_KEYED_STRING_DICT, allow_files=True),
        attributes.string_dict("console_scripts"),
        AttributeSpec("entry_points", AttributeType.STRING_LIST_DICT),
        attributes.string("add_path_prefix"),
        attributes.strings("strip_path_prefixes"),
        AttributeSpec("data_files", AttributeType.LABEL_KEYED_STRING_DICT, allow_files=True),
        AttributeSpec("extra_distinfo_files", AttributeType.LABEL_KEYED_STRING_DICT, allow_files=True),
        attributes.label("description_file", files=True),
        attributes.string("description_content_type"),
        attributes.string("author"),
        attributes.string("author_email"),
        attributes.strings("classifiers"),
        attributes.string("homepage"),
        attributes.string("license"),
        attributes.string_dict("project_urls"),
        attributes.string("python_requires"),
        attributes.string("summary"),
        attributes.string_dict("config_settings"),
    ),
    _py_wheel,
    transition=python_transition,
)


def _py_package(ctx: RuleContext) -> list[object]:
    """The sources and data of everything that `deps` need, as far as they belong to `packages`."""
    packages = ctx.strings("packages")
    found: dict[Artifact, None] = {}
    for target in ctx.targets("deps"):
        info = target.get(PyInfo)
        if info is not None:
            found.update(dict.fromkeys(info.transitive_sources.to_tuple()))
            found.update(dict.fromkeys(info.transitive_pyi_files.to_tuple()))
        found.update(dict.fromkeys(target.default_info.default_runfiles.files.to_tuple()))
    wanted = [
        file
        for file in found
        if file.kind is ArtifactKind.FILE and (not packages or any(_is_in(file, package) for package in packages))
    ]
    files = Depset(wanted)
    return [DefaultInfo(files, Runfiles(files=files), Runfiles(files=files)), PyInfo(files)]


def _is_in(file: Artifact, package: str) -> bool:
    directory = package.replace(".", "/")
    return file.path.startswith((f"{directory}/", f"{directory}."))


PY_PACKAGE = RuleClass(
    "py_package",
    (attributes.labels("deps", files=True, providers=(PyInfo,)), attributes.strings("packages")),
    _py_package,
)


def _py_wheel_dist(ctx: RuleContext) -> list[object]:
    [info] = ctx.provided("wheel", PyWheelInfo)
    output = ctx.declare_directory(ctx.string("out"))
    ctx.run_tool(
        "wheel_files",
        {"wheel": info.wheel, "output": output, "name": info.wheel.path.rpartition("/")[2]},
        inputs=[info.wheel],
        outputs=[output],
        mnemonic="PyWheelDist",
        progress=f"Placing {info.wheel.path}",
    )
    return [DefaultInfo(Depset([output]), Runfiles(files=Depset([output])), Runfiles(files=Depset([output])))]


PY_WHEEL_DIST = RuleClass(
    "py_wheel_dist",
    (
        attributes.label("wheel", providers=(PyWheelInfo,), mandatory=True),
        attributes.string("out", mandatory=True),
    ),
    _py_wheel_dist,
)


def _whl_filegroup(ctx: RuleContext) -> list[object]:
    wheel = ctx.file("whl")
    try:
        re.compile(ctx.string("pattern"))
    except re.error as error:
        raise ctx.error(f"`pattern` is no regular expression: {error}") from error
    output = ctx.declare_directory(ctx.label.name)
    ctx.run_tool(
        "wheel_files",
        {"wheel": wheel, "output": output, "pattern": ctx.string("pattern")},
        inputs=[wheel],
        outputs=[output],
        mnemonic="WheelFiles",
        progress=f"Taking files out of {wheel.path}",
    )
    files = Depset([output])
    runfiles = Runfiles(files=files) if ctx.boolean("runfiles") else Runfiles()
    return [DefaultInfo(files, runfiles, runfiles)]


WHL_FILEGROUP = RuleClass(
    "whl_filegroup",
    (
        attributes.label("whl", files=(".whl",), mandatory=True),
        attributes.string("pattern"),
        attributes.boolean("runfiles"),
    ),
    _whl_filegroup,
)
