"""Evaluates `MODULE.bazel` files."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field

from venvship.dataclass import dataclass
from venvship.errors import Place
from venvship.modules.module_file import (
    ArchiveOverride,
    BazelDep,
    ExtensionUsage,
    FlagAlias,
    GitOverride,
    LocalPathOverride,
    ModuleFile,
    MultipleVersionOverride,
    Override,
    Registration,
    RepoRuleUsage,
    SingleVersionOverride,
    Tag,
    TagValue,
)
from venvship.starlark.builtin import Builtin, builtin
from venvship.starlark.containers import entries
from venvship.starlark.dialect import Dialect
from venvship.starlark.errors import EvaluationError
from venvship.starlark.execution import execute
from venvship.starlark.host_types import HostType, Value, register, type_name
from venvship.starlark.printer import Printer
from venvship.starlark.program import compile_program
from venvship.starlark.thread import Thread, current_thread
from venvship.starlark.values import DICTS, LISTS

IncludeReader = Callable[[str], bytes | None]
"""Reads a file of the workspace by its path below the root; None when there is none."""

_MODULE_NAME = re.compile(r"[a-z](?:[a-z0-9._-]*[a-z0-9])?\Z")
_REPOSITORY_NAME = re.compile(r"[A-Za-z][A-Za-z0-9._-]*\Z")
_MAX_INCLUDES = 200
_MAX_TAG_DEPTH = 50


@dataclass(slots=True, eq=False)
class ExtensionProxy:
    """What `use_extension` answers: calls of its attributes are tags."""

    file: str
    name: str
    place: Place
    dev_dependency: bool
    isolate: bool
    tags: list[Tag] = field(default_factory=list)
    imports: dict[str, str] = field(default_factory=dict)
    replaced: dict[str, str] = field(default_factory=dict)


@dataclass(slots=True, eq=False)
class TagFunction:
    """One tag of an extension, not called yet."""

    proxy: ExtensionProxy
    name: str


@dataclass(slots=True, eq=False)
class RepoRuleProxy:
    """What `use_repo_rule` answers: each call makes a repository."""

    file: str
    rule: str


@dataclass(slots=True, eq=False)
class _Recorder:
    """What the files of one module have said so far."""

    read_include: IncludeReader | None
    print_handler: Callable[[str, Place], None] | None
    module_place: Place | None = None
    anything_said: bool = False
    name: str = ""
    version: str = ""
    repo_name: str = ""
    compatibility_level: int = 0
    deps: list[BazelDep] = field(default_factory=list)
    extensions: list[ExtensionProxy] = field(default_factory=list)
    repo_rules: list[RepoRuleUsage] = field(default_factory=list)
    overrides: dict[str, Override] = field(default_factory=dict)
    toolchains: list[Registration] = field(default_factory=list)
    execution_platforms: list[Registration] = field(default_factory=list)
    flag_aliases: list[FlagAlias] = field(default_factory=list)
    included: list[str] = field(default_factory=list)
    open_includes: list[str] = field(default_factory=list)

    def result(self) -> ModuleFile:
        return ModuleFile(
            name=self.name,
            version=self.version,
            repo_name=self.repo_name,
            compatibility_level=self.compatibility_level,
            deps=tuple(self.deps),
            extensions=tuple(
                ExtensionUsage(
                    proxy.file,
                    proxy.name,
                    tuple(proxy.tags),
                    dict(proxy.imports),
                    proxy.place,
                    proxy.dev_dependency,
                    proxy.isolate,
                    dict(proxy.replaced),
                )
                for proxy in self.extensions
            ),
            repo_rules=tuple(self.repo_rules),
            overrides=dict(self.overrides),
            toolchains=tuple(self.toolchains),
            execution_platforms=tuple(self.execution_platforms),
            flag_aliases=tuple(self.flag_aliases),
        )


def evaluate_module_file(
    source: bytes,
    *,
    filename: str,
    read_include: IncludeReader | None = None,
    print_handler: Callable[[str, Place], None] | None = None,
) -> ModuleFile:
    """What a `MODULE.bazel` says. Only the root module has `read_include`; others may not include files."""
    recorder = _Recorder(read_include, print_handler)
    _run(source, filename, recorder)
    return recorder.result()


def _run(source: bytes, filename: str, recorder: _Recorder) -> None:
    program = compile_program(source, filename=filename, dialect=Dialect.MODULE)
    text = source.decode("utf-8", "replace").splitlines()

    def source_line(name: str, line: int) -> str | None:
        return text[line - 1] if name == filename and 1 <= line <= len(text) else None

    thread = Thread(print_handler=recorder.print_handler, context=recorder, source_line=source_line)
    execute(program, predeclared=_NAMES, load=lambda statement: {}, thread=thread)


def _recorder() -> _Recorder:
    recorder = current_thread().context
    assert isinstance(recorder, _Recorder)
    return recorder


def _said() -> _Recorder:
    recorder = _recorder()
    recorder.anything_said = True
    return recorder


def _place() -> Place:
    return current_thread().caller_place()


def _checked_module_name(name: str) -> str:
    if not _MODULE_NAME.match(name):
        raise EvaluationError(
            f"invalid module name '{name}': it must start with a lowercase letter, end with a letter or digit, and "
            "hold only lowercase letters, digits, `.`, `-` and `_`"
        )
    return name


def _checked_repo_name(name: str) -> str:
    if not _REPOSITORY_NAME.match(name):
        raise EvaluationError(f"invalid repository name '{name}'")
    return name


@builtin("module")
def _module(
    name: str = "",
    version: str = "",
    compatibility_level: int = 0,
    repo_name: str = "",
    bazel_compatibility: Sequence[str] = (),
) -> None:
    recorder = _recorder()
    if recorder.module_place is not None:
        raise EvaluationError("the module() directive can only be called once")
    if recorder.anything_said:
        raise EvaluationError("if module() is called, it must be called before any other functions")
    recorder.module_place = _place()
    recorder.name = _checked_module_name(name) if name else ""
    recorder.version = version
    recorder.compatibility_level = compatibility_level
    recorder.repo_name = _checked_repo_name(repo_name) if repo_name else ""


@builtin("bazel_dep")
def _bazel_dep(
    name: str,
    version: str = "",
    max_compatibility_level: int = -1,
    repo_name: str | None = "",
    dev_dependency: bool = False,
) -> None:
    _checked_module_name(name)
    apparent = None if repo_name is None else _checked_repo_name(repo_name) if repo_name else name
    _said().deps.append(BazelDep(name, version, apparent, dev_dependency, _place(), max_compatibility_level))


@builtin("use_extension")
def _use_extension(
    extension_bzl_file: str, extension_name: str, *, dev_dependency: bool = False, isolate: bool = False
) -> ExtensionProxy:
    proxy = ExtensionProxy(extension_bzl_file, extension_name, _place(), dev_dependency, isolate)
    _said().extensions.append(proxy)
    return proxy


@builtin("use_repo")
def _use_repo(extension_proxy: ExtensionProxy, /, *args: str, **kwargs: str) -> None:
    _said()
    for apparent, exported in [*((name, name) for name in args), *kwargs.items()]:
        _checked_repo_name(apparent)
        _checked_repo_name(exported)
        if apparent in extension_proxy.imports:
            raise EvaluationError(f"a repository named '{apparent}' is already imported from this extension")
        extension_proxy.imports[apparent] = exported


@builtin("use_repo_rule")
def _use_repo_rule(repo_rule_bzl_file: str, repo_rule_name: str) -> RepoRuleProxy:
    _said()
    return RepoRuleProxy(repo_rule_bzl_file, repo_rule_name)


@builtin("register_toolchains")
def _register_toolchains(*toolchain_labels: str, dev_dependency: bool = False) -> None:
    place = _place()
    _said().toolchains.extend(Registration(pattern, place, dev_dependency) for pattern in toolchain_labels)


@builtin("register_execution_platforms")
def _register_execution_platforms(*platform_labels: str, dev_dependency: bool = False) -> None:
    place = _place()
    _said().execution_platforms.extend(Registration(pattern, place, dev_dependency) for pattern in platform_labels)


@builtin("flag_alias")
def _flag_alias(name: str, starlark_flag: str) -> None:
    _said().flag_aliases.append(FlagAlias(name, starlark_flag, _place()))


@builtin("include")
def _include(label: str, /) -> None:
    recorder = _said()
    if recorder.read_include is None:
        raise EvaluationError("include() can only be used in the root module and in files that it includes")
    package, colon, name = label.removeprefix("//").partition(":")
    segments = f"{package}/{name}".split("/")
    well_formed = label.startswith("//") and colon and name.endswith(".MODULE.bazel")
    if not well_formed or any(segment in ("", ".", "..") for segment in segments[0 if package else 1 :]):
        raise EvaluationError(f"invalid include label '{label}': it must look like `//package:name.MODULE.bazel`")
    path = f"{package}/{name}".lstrip("/")
    if path in recorder.open_includes:
        raise EvaluationError(f"`{path}` includes itself: {' -> '.join([*recorder.open_includes, path])}")
    if path in recorder.included or len(recorder.included) >= _MAX_INCLUDES:
        reason = "is included twice" if path in recorder.included else f"is one of more than {_MAX_INCLUDES} includes"
        raise EvaluationError(f"`{path}` {reason}")
    source = recorder.read_include(path)
    if source is None:
        raise EvaluationError(f"cannot include '{label}': no such file `{path}`")
    recorder.included.append(path)
    recorder.open_includes.append(path)
    _run(source, path, recorder)
    recorder.open_includes.pop()


@builtin("local_path_override")
def _local_path_override(module_name: str, path: str) -> None:
    _override(module_name, LocalPathOverride(module_name, path, _place()))


@builtin("archive_override")
def _archive_override(
    module_name: str,
    urls: str | Sequence[str] = (),
    url: str = "",
    integrity: str = "",
    strip_prefix: str = "",
    patches: Sequence[str] = (),
    patch_cmds: Sequence[str] = (),
    patch_strip: int = 0,
    **kwargs: Value,
) -> None:
    _refuse_others("archive_override", kwargs)
    mirrors = (urls,) if isinstance(urls, str) else tuple(urls)
    override = ArchiveOverride(
        module_name,
        (url, *mirrors) if url else mirrors,
        integrity,
        strip_prefix,
        tuple(patches),
        patch_strip,
        _place(),
        tuple(patch_cmds),
    )
    if not override.urls:
        raise EvaluationError("archive_override() needs `urls`")
    _override(module_name, override)


@builtin("git_override")
def _git_override(
    module_name: str,
    remote: str,
    commit: str = "",
    tag: str = "",
    branch: str = "",
    strip_prefix: str = "",
    patches: Sequence[str] = (),
    patch_cmds: Sequence[str] = (),
    patch_strip: int = 0,
    init_submodules: bool = False,
    **kwargs: Value,
) -> None:
    _refuse_others("git_override", kwargs)
    references = [one for one in (commit, tag, branch) if one]
    if len(references) != 1:
        raise EvaluationError("git_override() needs exactly one of `commit`, `tag` and `branch`")
    override = GitOverride(
        module_name,
        remote,
        references[0],
        strip_prefix,
        tuple(patches),
        patch_strip,
        _place(),
        init_submodules,
        tuple(patch_cmds),
    )
    _override(module_name, override)


@builtin("single_version_override")
def _single_version_override(
    module_name: str,
    version: str = "",
    registry: str = "",
    patches: Sequence[str] = (),
    patch_cmds: Sequence[str] = (),
    patch_strip: int = 0,
) -> None:
    override = SingleVersionOverride(
        module_name, version, registry, tuple(patches), patch_strip, _place(), tuple(patch_cmds)
    )
    _override(module_name, override)


@builtin("multiple_version_override")
def _multiple_version_override(module_name: str, versions: Sequence[str], registry: str = "") -> None:
    _override(module_name, MultipleVersionOverride(module_name, tuple(versions), registry, _place()))


@builtin("inject_repo")
def _inject_repo(extension_proxy: ExtensionProxy, /, *args: str, **kwargs: str) -> None:
    _replace("inject_repo", extension_proxy, args, kwargs)


@builtin("override_repo")
def _override_repo(extension_proxy: ExtensionProxy, /, *args: str, **kwargs: str) -> None:
    _replace("override_repo", extension_proxy, args, kwargs)


def _replace(function: str, extension_proxy: ExtensionProxy, args: Sequence[str], kwargs: Mapping[str, str]) -> None:
    _said()
    for name, apparent in [*((name, name) for name in args), *kwargs.items()]:
        _checked_repo_name(name)
        if name in extension_proxy.replaced:
            raise EvaluationError(f"{function}() names repository '{name}', which is replaced already")
        extension_proxy.replaced[name] = _checked_repo_name(apparent)


def _refuse_others(function: str, others: Mapping[str, Value]) -> None:
    if others:
        raise EvaluationError(f"`{sorted(others)[0]}` of {function}() is not supported")


def _override(module_name: str, override: Override) -> None:
    recorder = _said()
    _checked_module_name(module_name)
    present = recorder.overrides.get(module_name)
    if present is not None:
        raise EvaluationError(f"module '{module_name}' is overridden twice, first at {present.place}")
    recorder.overrides[module_name] = override


def _frozen(value: Value, depth: int = 0) -> TagValue:
    """An argument as a plain value that never changes."""
    if depth > _MAX_TAG_DEPTH:
        raise EvaluationError("an argument is nested too deeply")
    if type(value) in LISTS or type(value) is tuple:
        return tuple(_frozen(element, depth + 1) for element in value)
    if type(value) in DICTS:
        return {_frozen(key, depth + 1): _frozen(item, depth + 1) for key, item in entries(value)}
    if value is None or type(value) in (str, int, bool):
        return value
    raise EvaluationError(f"an argument can't be of type {type_name(value)}")


def _call_tag(tag: TagFunction, /, *args: Value, **kwargs: Value) -> None:
    if args:
        raise EvaluationError(f"tag '{tag.name}' takes named arguments only")
    _said()
    arguments = {name: _frozen(value) for name, value in kwargs.items() if value is not None}
    tag.proxy.tags.append(Tag(tag.name, arguments, _place(), tag.proxy.dev_dependency))


def _call_repo_rule(
    rule: RepoRuleProxy, /, *args: Value, name: str = "", dev_dependency: bool = False, **kwargs: Value
) -> None:
    if args:
        raise EvaluationError(f"repository rule '{rule.rule}' takes named arguments only")
    if type(name) is not str:
        raise EvaluationError(f"the name of a repository must be a string, not {type_name(name)}")
    _checked_repo_name(name)
    arguments = {key: _frozen(value) for key, value in kwargs.items() if value is not None}
    _said().repo_rules.append(RepoRuleUsage(rule.file, rule.rule, name, arguments, _place(), bool(dev_dependency)))


def _tag_of(proxy: ExtensionProxy, name: str) -> object:
    return TagFunction(proxy, name)


def _repr_proxy(proxy: ExtensionProxy, printer: Printer) -> None:
    printer.write(f"<module extension proxy {proxy.file}%{proxy.name}>")


def _repr_tag(tag: TagFunction, printer: Printer) -> None:
    printer.write(f"<tag {tag.name} of {tag.proxy.file}%{tag.proxy.name}>")


def _repr_rule(rule: RepoRuleProxy, printer: Printer) -> None:
    printer.write(f"<repository rule proxy {rule.file}%{rule.rule}>")


register(ExtensionProxy, HostType(name="module_extension_proxy", dynamic_attr=_tag_of, repr=_repr_proxy))
register(TagFunction, HostType(name="tag_callable", call=_call_tag, repr=_repr_tag))
register(RepoRuleProxy, HostType(name="repo_rule_proxy", call=_call_repo_rule, repr=_repr_rule))

_NAMES: Mapping[str, Builtin] = {
    function.name: function
    for function in (
        _archive_override,
        _bazel_dep,
        _flag_alias,
        _git_override,
        _include,
        _inject_repo,
        _local_path_override,
        _module,
        _multiple_version_override,
        _override_repo,
        _register_execution_platforms,
        _register_toolchains,
        _single_version_override,
        _use_extension,
        _use_repo,
        _use_repo_rule,
    )
}
