"""Whether a dependency is what the attribute asks for in which it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from venvship.analysis.configured_target import ConfiguredTarget
from venvship.analysis.failures import AnalysisFailureInfo
from venvship.errors import UserError, VenvshipError
from venvship.loading.attributes import AttributeSpec
from venvship.loading.native_providers import provider_name
from venvship.loading.rule_class import RuleClass
from venvship.loading.targets import RuleTarget


class WrongDependency(UserError):
    """A dependency does not provide what its attribute asks for, or is a file of the wrong kind."""


def dependency_problems(
    target: RuleTarget,
    rule: RuleClass,
    dependencies: Mapping[str, Sequence[ConfiguredTarget]],
    *,
    testonly: bool,
) -> list[VenvshipError]:
    """What is wrong with the dependencies of a target, each named once."""
    problems: list[VenvshipError] = []
    for name, on_attribute in dependencies.items():
        spec = rule.attributes.get(name)
        if spec is None:
            continue
        for dependency in on_attribute:
            if AnalysisFailureInfo in dependency.providers:
                continue
            reason = _unfit(spec, dependency, strict=rule.defined_in is not None)
            if reason is None and dependency.testonly and not testonly and not spec.is_private:
                reason = "is testonly, and this target is not"
            if reason is not None:
                problems.append(
                    WrongDependency(
                        f"in attribute `{name}` of `{target.label}`: `{dependency.label}` {reason}",
                        place=target.place,
                    )
                )
    return problems


def _unfit(spec: AttributeSpec, dependency: ConfiguredTarget, *, strict: bool) -> str | None:
    """Why `dependency` can't stand in the attribute, or None; `strict` as rules of `.bzl` files are used to."""
    is_file = dependency.is_file
    if is_file and spec.allow_files is not False:
        if not spec.allows_file(dependency.label.name):
            suffixes = ", ".join(spec.allow_files) if isinstance(spec.allow_files, tuple) else ""
            return f"is a file of the wrong kind (expected {suffixes})"
        return None
    if is_file and not spec.providers and spec.name in ("target_compatible_with", "toolchains"):
        return "is a file"
    if is_file:
        return "is a file, and files are not allowed here"
    if spec.executable and not strict and dependency.default_info.executable is None:
        return "is not executable"
    if strict and (spec.allow_single_file or isinstance(spec.allow_files, tuple)):
        files = dependency.default_info.files.to_tuple()
        if spec.allow_single_file and len(files) != 1:
            return f"must produce a single file, and produces {len(files)}"
        wanted_suffixes = spec.allow_files if isinstance(spec.allow_files, tuple) and not spec.providers else ("",)
        if not any(file.path.endswith(wanted_suffixes) for file in files):
            return f"does not produce any files of the right kind (expected {', '.join(wanted_suffixes)})"
    if spec.providers and not any(wanted <= dependency.providers.keys() for wanted in spec.providers):
        names = " or ".join(
            " and ".join(sorted(provider_name(provider) for provider in wanted)) for wanted in spec.providers
        )
        if not strict and spec.allow_files is not False and dependency.default_info.files:
            return None
        return f"does not have the provider {names}"
    return None
