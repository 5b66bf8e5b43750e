"""Interpreters of the machine as runtimes, and toolchains that programs run with these."""

_ASK = """
import sys
version = sys.version_info
print(sys._base_executable, sys.implementation.name, sys.abiflags or "-", version[0], version[1], version[2], sep="\\n")
"""
_RUNTIME = """load("@@rules_python//python:py_runtime.bzl", "py_runtime")
load("@@rules_python//python:py_runtime_pair.bzl", "py_runtime_pair")

package(default_visibility = ["//visibility:public"])

py_runtime(
    name = "py3_runtime",
    abi_flags = %r,
    implementation_name = %r,
    interpreter_path = %r,
    interpreter_version_info = %r,
)

py_runtime_pair(
    name = "python_runtimes",
    py3_runtime = ":py3_runtime",
)
"""
_HOST = 'load("@@platforms//host:constraints.bzl", "HOST_CONSTRAINTS")\n'
_SETTINGS = '\n_IS_PYTHON = "@@rules_python//python/config_settings:is_python_"\n'
_TOOLCHAIN = """
toolchain(
    name = "{name}_toolchain",
    target_compatible_with = {compatible} if {version} else ["@@platforms//:incompatible"],
    target_settings = {settings} + ([_IS_PYTHON + {version}] if {version} else []),
    toolchain = "@{name}//:python_runtimes",
    toolchain_type = "@@rules_python//python:toolchain_type",
)
"""

def _local_runtime_repo(ctx):
    wanted = ctx.attr.interpreter_path
    path = wanted if wanted.startswith("/") else ctx.which(wanted)
    asked = ctx.execute([path, "-I", "-c", _ASK]) if path else None
    found = asked.stdout.splitlines() if asked and asked.return_code == 0 else []
    if len(found) != 6:
        told = "`%s` of `%s` is no interpreter of this machine" % (wanted, ctx.original_name)
        if ctx.attr.on_failure == "fail":
            fail(told)
        if ctx.attr.on_failure == "warn":
            print(told)
        ctx.file("BUILD.bazel", 'filegroup(name = "python_runtimes", visibility = ["//visibility:public"])\n')
        ctx.file("version.bzl", 'VERSION = ""\n')
        return
    program, implementation, flags, major, minor, micro = found
    version = {"major": major, "minor": minor, "micro": micro}
    ctx.file("BUILD.bazel", _RUNTIME % (flags.strip("-"), implementation, program, version))
    ctx.file("version.bzl", 'VERSION = "%s.%s"\n' % (major, minor))

local_runtime_repo = repository_rule(
    implementation = _local_runtime_repo,
    doc = "An interpreter of the machine, by its path or its name in the search path.",
    attrs = {
        "interpreter_path": attr.string(default = "python3"),
        "on_failure": attr.string(default = "skip", values = ["skip", "warn", "fail"]),
    },
    environ = ["PATH"],
    local = True,
)

def _local_runtime_toolchains_repo(ctx):
    runtimes = enumerate(ctx.attr.runtimes)
    loads = ['load("@%s//:version.bzl", version%d = "VERSION")\n' % (name, number) for number, name in runtimes]
    toolchains = [
        _TOOLCHAIN.format(
            name = name,
            version = "version%d" % number,
            compatible = _labels(ctx.attr.target_compatible_with.get(name, [])),
            settings = _labels(ctx.attr.target_settings.get(name, [])),
        )
        for number, name in runtimes
    ]
    ctx.file("BUILD.bazel", "".join([_HOST] + loads + [_SETTINGS] + toolchains))

def _labels(labels):
    own = [label for label in labels if label != "HOST_CONSTRAINTS"]
    return repr(own) + (" + HOST_CONSTRAINTS" if len(own) < len(labels) else "")

local_runtime_toolchains_repo = repository_rule(
    implementation = _local_runtime_toolchains_repo,
    doc = "A toolchain for each of some local runtimes, for the version of Python that it is of.",
    attrs = {
        "runtimes": attr.string_list(),
        "target_compatible_with": attr.string_list_dict(),
        "target_settings": attr.string_list_dict(),
    },
)
