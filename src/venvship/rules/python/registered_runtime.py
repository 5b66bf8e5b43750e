"""The interpreter that programs run with where the workspace registers a toolchain of a `py_runtime`.

Otherwise it is one of MODULE.bazel. Wheels are chosen and compiled for those in any case, so a registered one must have
their version where there are wheels.
"""

from __future__ import annotations

from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.analysis.starlark_api.providers import TOOLCHAIN_INFO
from venvship.loading.provider_values import ProviderInstance
from venvship.loading.rule_class import ToolchainRequirement
from venvship.model.depset import Depset
from venvship.model.label import Label, PackageId
from venvship.model.platform import PythonVersion
from venvship.rules.python.measuring import tool_files
from venvship.rules.python.providers import InterpreterInfo, PyRuntimeInfo, VenvInterpreter
from venvship.rules.python.runtime import RUNTIME_ATTRIBUTE

_TYPE: Final = Label(PackageId("bazel_tools", "tools/python"), "toolchain_type")
PYTHON_TOOLCHAIN: Final = ToolchainRequirement(_TYPE, mandatory=False)


def interpreter_of_venvs(ctx: RuleContext) -> VenvInterpreter:
    """The one of the first toolchain that fits, or of the configuration."""
    [own] = ctx.provided(RUNTIME_ATTRIBUTE.name, InterpreterInfo)
    found = registered_runtime(ctx)
    return own.for_venv() if found is None or found is own.runtime else _described(ctx, found, own)


def registered_runtime(ctx: RuleContext) -> PyRuntimeInfo | None:
    """What the toolchain of the rule, if there is one, says of its interpreter."""
    toolchain = ctx.toolchains.get(_TYPE)
    if toolchain is None:
        return None
    info = toolchain.providers.get(TOOLCHAIN_INFO)
    runtime = info.fields.get("py3_runtime") if isinstance(info, ProviderInstance) else None
    if not isinstance(runtime, PyRuntimeInfo):
        raise ctx.error(
            f"the toolchain `{toolchain.label}` has no runtime of Python 3",
            hint="set `py3_runtime` of its py_runtime_pair",
        )
    return runtime


def check_wheels_fit(ctx: RuleContext, interpreter: VenvInterpreter) -> None:
    [own] = ctx.provided(RUNTIME_ATTRIBUTE.name, InterpreterInfo)
    if interpreter.version != own.version:
        wanted, chosen = _spelled(interpreter.version), _spelled(own.version)
        raise ctx.error(
            f"the registered toolchain `{ctx.toolchains[_TYPE].label}` is of Python {wanted}, and wheels are for "
            f"Python {chosen}",
            hint=f'set `python_version = "{wanted}"`, or let `target_settings` of the toolchain say '
            f"`@rules_python//python/config_settings:is_python_{interpreter.version}`",
        )


def _spelled(version: PythonVersion) -> str:
    return version.directory.removeprefix("python")


def _described(ctx: RuleContext, runtime: PyRuntimeInfo, own: InterpreterInfo) -> VenvInterpreter:
    label = ctx.toolchains[_TYPE].label
    if not runtime.supports_build_time_venv:
        raise ctx.error(
            f"the interpreter of `{label}` has `supports_build_time_venv = False`, and the build makes virtualenvs",
            hint="register another toolchain for this target, or remove `supports_build_time_venv`",
        )
    if runtime.implementation_name not in ("", "cpython"):
        raise ctx.error(
            f"the interpreter of `{label}` is {runtime.implementation_name}, and virtualenvs are those of CPython",
            hint="register another toolchain for this target",
        )
    given = runtime.interpreter_version_info
    version, full_version = own.version, own.full_version
    if given is not None:
        version = PythonVersion(given.major, given.minor, freethreaded="t" in runtime.abi_flags)
        full_version = f"{given.major}.{given.minor}.{given.micro}"
    measuring = tool_files(ctx, runtime)
    if runtime.interpreter is None:
        return VenvInterpreter(str(runtime.interpreter_path), version, full_version, measuring, runtime)
    files = Depset([runtime.interpreter], [runtime.files, measuring] if runtime.files is not None else [measuring])
    return VenvInterpreter(runtime.interpreter.runfiles_path, version, full_version, files, runtime)
