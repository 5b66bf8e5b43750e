"""Platforms as configurations: `--platforms=//my:platform` says which constraint values hold.

Operating system and processor come from the constraints of the `platforms` module; every other constraint of a
platform is an option of the configuration, under the name of its setting.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from venvship.analysis.build_settings import option_of_flag
from venvship.analysis.native_options import PLATFORMS, both_texts
from venvship.errors import UserError
from venvship.loading.attributes import Select, labels_in
from venvship.loading.targets import RuleTarget, Target
from venvship.model.configuration import Configuration
from venvship.model.label import MAIN_REPOSITORY, Label, PackageId
from venvship.model.platform import Platform

CONSTRAINT: Final = "constraint:"
"""What the options for constraint settings start with."""

MODULE: Final = "platforms"
"""The module whose constraints say operating system and processor."""

_OS = {"linux": "linux", "macos": "macos", "osx": "macos"}
_CPU = {"x86_64": "x86_64", "aarch64": "aarch64", "arm64": "aarch64"}


HOST: Final = Label(PackageId(MODULE, "host"), "host")
"""The platform that stands for the machine itself."""

_ROOT = PackageId(MAIN_REPOSITORY, "")


def host_constraints(host: Platform) -> list[str]:
    """The constraint values of the machine that builds."""
    return [f"@platforms//os:{host.os.value}", f"@platforms//cpu:{host.cpu.value}"]


def machine_constraints(machine: Platform) -> dict[Label, Label]:
    """Constraint settings with the values that every machine with this system and processor has."""
    found: dict[Label, Label] = {}
    for kind, value in (("os", machine.os.value), ("cpu", machine.cpu.value)):
        package = PackageId(MODULE, kind)
        found[Label(package, kind)] = Label(package, value)
    return found


class NotAPlatform(UserError):
    """A label that should be a platform is something else, or one that nothing is built for."""


class PlatformTargets:
    """Configurations for platform targets; `host` is used whole for platforms with its system and processor."""

    def __init__(self, target: Callable[[Label], Target], host: Platform) -> None:
        self._target = target
        self._host = host

    def with_platform(self, configuration: Configuration, platform: Label) -> Configuration:
        """`configuration` for another target platform, with the flags that it sets; raises NotAPlatform."""
        plain = {name: "" for name, _ in configuration.options if name.startswith(CONSTRAINT)}
        if self._unaliased(platform).label == HOST:
            return Configuration(self._host, configuration.options).with_options({**plain, PLATFORMS: ""})
        constraints = self._constraints(platform, ())
        os = next((_OS.get(value.name) for value in constraints.values() if _is_standard(value, "os")), None)
        cpu = next((_CPU.get(value.name) for value in constraints.values() if _is_standard(value, "cpu")), None)
        found = self._platform(platform, os or self._host.os.value, cpu or self._host.cpu.value)
        options = {
            **plain,
            **{f"{CONSTRAINT}{setting.canonical}": value.canonical for setting, value in constraints.items()},
        }
        options[PLATFORMS] = platform.canonical
        for target, flag in self._flags(platform):
            try:
                name, value = option_of_flag(flag, self._target, target.label.package, target.mapping)
            except UserError as error:
                error.place = target.place
                error.chain = (*error.chain, f"set by `flags` of platform `{target.label}`")
                raise
            options[name] = both_texts(name, options.get(name, ""), value)
        return Configuration(found, configuration.options).with_options(options)

    def constraints(self, label: Label) -> Mapping[Label, Label]:
        """Constraint settings with the values that a platform has, its parents' included."""
        return self._constraints(label, ())

    def constraints_of(self, configuration: Configuration) -> Mapping[Label, Label]:
        """Constraint settings with the values that the target platform of a configuration has."""
        platform = configuration.get(PLATFORMS)
        if platform:
            return self.constraints(Label.parse(platform, relative_to=_ROOT))
        return machine_constraints(configuration.platform)

    def missing_toolchain_error(self, configuration: Configuration) -> str:
        """What the target platform of a configuration has to say where there is no toolchain for it."""
        platform = configuration.get(PLATFORMS)
        if not platform:
            return ""
        said = self._rule(Label.parse(platform, relative_to=_ROOT), "platform").value("missing_toolchain_error")
        return said if isinstance(said, str) else ""

    def default_value(self, setting: Label) -> Label | None:
        """The value of a constraint setting that platforms have which say nothing about it."""
        target = self._target(setting)
        found = _labels(target, "default_constraint_value") if isinstance(target, RuleTarget) else ()
        return self._unaliased(found[0]).label if found else None

    def properties(self, label: Label) -> Mapping[str, str]:
        """The `exec_properties` of a platform, with those of its parents; an empty value takes one away."""
        target = self._rule(label, "platform")
        found: dict[str, str] = {}
        for parent in _labels(target, "parents"):
            found.update(self.properties(parent))
        own = target.value("exec_properties")
        if isinstance(own, Select):
            raise NotAPlatform(f"`exec_properties` of `{target.label}` can't be a select()", place=target.place)
        found.update({str(key): str(value) for key, value in own.items()} if isinstance(own, Mapping) else {})
        return {key: value for key, value in found.items() if value}

    def required_settings(self, label: Label) -> tuple[Label, ...]:
        """The conditions under which a platform is an execution platform at all."""
        return _labels(self._rule(label, "platform"), "required_settings")

    def allowed_types(self, label: Label) -> frozenset[Label] | None:
        """The toolchain types that a platform is an execution platform for; None for one that is there for all."""
        target = self._rule(label, "platform")
        if target.value("check_toolchain_types") is not True:
            return None
        return frozenset(self._unaliased(one).label for one in _labels(target, "allowed_toolchain_types"))

    def unaliased(self, label: Label) -> Label:
        """The target that a label leads to."""
        return self._unaliased(label).label

    def _platform(self, label: Label, os: str, cpu: str) -> Platform:
        if (os, cpu) == (self._host.os.value, self._host.cpu.value):
            return self._host
        try:
            return Platform.parse(f"{os}_{cpu}")
        except ValueError as error:
            raise NotAPlatform(f"nothing is built for the platform `{label}`: {error}") from error

    def _constraints(self, label: Label, path: tuple[Label, ...]) -> Mapping[Label, Label]:
        """Constraint settings with the values that a platform has, its parents' included."""
        if label in path:
            raise NotAPlatform(f"the platform `{label}` is its own parent", place=self._target(label).place)
        target = self._rule(label, "platform")
        found: dict[Label, Label] = {}
        parents = _labels(target, "parents")
        if len(parents) > 1:
            raise NotAPlatform(f"`{target.label}` has several parents; a platform has at most one", place=target.place)
        for parent in parents:
            found.update(self._constraints(parent, (*path, label)))
        own: dict[Label, Label] = {}
        for value in _labels(target, "constraint_values"):
            constraint = self._rule(value, "constraint_value")
            for setting in _labels(constraint, "constraint_setting"):
                other = own.setdefault(setting, constraint.label)
                if other != constraint.label:
                    raise NotAPlatform(
                        f"`constraint_values` of `{target.label}` has two of one setting: `{other}` and "
                        f"`{constraint.label}`",
                        place=target.place,
                    )
        return {**found, **own}

    def _flags(self, label: Label) -> list[tuple[RuleTarget, str]]:
        """What a platform says in `flags`, its parents' first; constraints were read, so there is no circle."""
        target = self._rule(label, "platform")
        value = target.value("flags")
        if isinstance(value, Select):
            raise NotAPlatform(f"`flags` of `{target.label}` can't be a select()", place=target.place)
        inherited = [flag for parent in _labels(target, "parents") for flag in self._flags(parent)]
        return inherited + [(target, text) for text in (value if isinstance(value, tuple) else ()) if type(text) is str]

    def _unaliased(self, label: Label) -> Target:
        target = self._target(label)
        for _ in range(20):
            if not isinstance(target, RuleTarget) or target.rule_class.name != "alias":
                break
            [actual] = _labels(target, "actual")
            target = self._target(actual)
        return target

    def _rule(self, label: Label, kind: str) -> RuleTarget:
        target = self._unaliased(label)
        if not isinstance(target, RuleTarget) or target.rule_class.name != kind:
            raise NotAPlatform(f"`{label}` is a {target.kind}, not a {kind}", place=target.place)
        return target


def _is_standard(value: Label, package: str) -> bool:
    return value.repository == MODULE and value.package.path == package


def _labels(target: RuleTarget, name: str) -> tuple[Label, ...]:
    value = target.value(name)
    if isinstance(value, Select):
        raise NotAPlatform(f"`{name}` of `{target.label}` can't be a select()", place=target.place)
    return labels_in(value)
