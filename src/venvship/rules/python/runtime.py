"""The interpreter that Python targets of a configuration run with."""

from __future__ import annotations

from typing import Protocol

from venvship.analysis.rule_context import RuleContext
from venvship.dataclass import dataclass
from venvship.launchers.config import Argument, LauncherConfig
from venvship.launchers.template import finalise, template
from venvship.loading.rule_class import RuleClass
from venvship.model.action import RequestValue
from venvship.model.artifact import Artifact
from venvship.model.configuration import Configuration
from venvship.model.depset import Depset
from venvship.model.digest import Digest
from venvship.model.label import Label, PackageId
from venvship.model.paths import join, relative_link
from venvship.model.platform import PythonVersion
from venvship.model.provider import DefaultInfo, TemplateVariableInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.oci.compression import GZIP_COMPRESSOR
from venvship.rules.oci.placement import RUNFILES_IN_IMAGE
from venvship.rules.python.providers import InterpreterInfo, InterpreterVersion, LayerRecord, PyRuntimeInfo

INTERPRETERS = "python_interpreters"
RUNTIME_LABEL = Label(PackageId(INTERPRETERS, ""), "runtime")
RUNTIME_ATTRIBUTE = attributes.label("_runtime", default=RUNTIME_LABEL, providers=(InterpreterInfo,))


@dataclass(frozen=True, slots=True)
class ImportedInterpreter:
    """An interpreter in the tree store: a relocatable prefix with `bin/python3.X`.

    One that is `foreign` does not run on this machine; `compiler` is one that does and writes the same bytecode.
    """

    full_version: str
    tree: Digest
    foreign: bool = False
    compiler: Digest | None = None


@dataclass(frozen=True, slots=True, eq=False)
class PyCompilerInfo:
    """The interpreter that compiles wheels; None when none of the same version runs here."""

    directory: Artifact | None


class Interpreters(Protocol):
    """The interpreters that a workspace may use."""

    def full_version(self, configuration: Configuration) -> str:
        """The version of the one for a configuration, `3.12.4`; raises a UserError when there is none."""
        ...

    def interpreter(self, configuration: Configuration) -> ImportedInterpreter:
        """The one for a configuration, which is obtained first where it is not here."""
        ...


def runtime_rule(interpreters: Interpreters) -> RuleClass:
    """The rule class of `@python_interpreters//:runtime`, whose content depends on the configuration."""

    def implementation(ctx: RuleContext) -> list[object]:
        found = interpreters.interpreter(ctx.configuration)
        directory = ctx.declare_directory(found.full_version)
        ctx.import_tree(directory, found.tree)
        compiler: Artifact | None = directory
        if found.foreign:
            compiler = None
            if found.compiler is not None:
                compiler = ctx.declare_directory(f"compiler-{found.full_version}")
                ctx.import_tree(compiler, found.compiler)
        version = PythonVersion.parse(found.full_version)
        blob = ctx.declare_file(f"{found.full_version}.layer.tar.gz")
        descriptor = ctx.declare_file(f"{found.full_version}.layer.json")
        row: dict[str, RequestValue] = {"tree": directory, "at": join(RUNFILES_IN_IMAGE, directory.runfiles_path)}
        ctx.run_tool(
            "write_layer",
            {"rows": (row,), "output": blob, "descriptor": descriptor, "compressor": GZIP_COMPRESSOR},
            inputs=[directory],
            outputs=[blob, descriptor],
            mnemonic="ImageLayer",
            progress=f"Writing layer of Python {found.full_version}",
        )
        layer = LayerRecord(f"Python {found.full_version}", blob, descriptor)
        # Rules of others run the interpreter as a file; the one inside of the directory is no artifact.
        program = ctx.declare_file(f"start-{found.full_version}/python3")
        inside = relative_link(program.runfiles_path, f"{directory.runfiles_path}/bin/{version.directory}")
        config = LauncherConfig((Argument.sibling(inside),), export_runfiles=False)
        ctx.write(program, finalise(template(ctx.configuration.platform), config), executable=True)
        runtime = PyRuntimeInfo(
            files=Depset([directory, program]),
            interpreter=program,
            interpreter_version_info=_version_info(found.full_version),
            abi_flags="t" if version.freethreaded else "",
            pyc_tag=version.bytecode_tag,
        )
        files = Depset([directory])
        runfiles = Runfiles(files=runtime.files or files)
        python = f"{directory.exec_path}/bin/python{version}"
        root_path = f"../{directory.runfiles_path}/bin/python{version}"
        return [
            DefaultInfo(files, runfiles, runfiles, program),
            InterpreterInfo(directory, version, found.full_version, layer, runtime),
            runtime,
            PyCompilerInfo(compiler),
            TemplateVariableInfo({"PYTHON3": python, "PYTHON3_ROOTPATH": root_path}),
        ]

    return RuleClass("python_runtime", (), implementation, is_executable=True)


def _version_info(full_version: str) -> InterpreterVersion:
    major, minor, *rest = full_version.removesuffix("t").split(".")
    return InterpreterVersion(int(major), int(minor), int(rest[0]) if rest and rest[0].isdigit() else 0)
