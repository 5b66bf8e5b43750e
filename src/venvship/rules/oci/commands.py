"""Programs that image targets run: our own code in one archive, started by the interpreter of the build.

No shell, and nothing of the machine but the kernel: the launcher finds the interpreter and the archive in its
runfiles.
"""

from __future__ import annotations

import functools
import importlib.resources
import io
import zipfile
from collections.abc import Iterable, Mapping
from typing import Final

from venvship.analysis.rule_context import RuleContext
from venvship.launchers.config import Argument, LauncherConfig
from venvship.launchers.template import finalise, template
from venvship.loading.config_module import EXEC
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.model.provider import DefaultInfo
from venvship.model.runfiles import Runfiles
from venvship.rules import attributes
from venvship.rules.python.providers import InterpreterInfo
from venvship.rules.python.runtime import RUNTIME_LABEL

COMMAND_RUNTIME: Final = attributes.label(
    "_command_runtime", default=RUNTIME_LABEL, providers=(InterpreterInfo,), transition=EXEC
)
_MODULES: Final = (
    "absent_blobs",
    "image_archive",
    "oci_credentials",
    "oci_documents",
    "oci_layout",
    "oci_load",
    "oci_push",
    "oci_registry",
    "tar_format",
)
_MAIN: Final = """\
import importlib, os, sys
sys.exit(importlib.import_module("venvship.tools." + sys.argv[1]).main(sys.argv[2:], os.environ))
"""


@functools.cache
def command_archive() -> bytes:
    """The programs as one archive that Python runs; the same bytes on every machine."""
    sources: Mapping[str, bytes] = {
        f"venvship/tools/{name}.py": importlib.resources.files("venvship.tools").joinpath(f"{name}.py").read_bytes()
        for name in _MODULES
    }
    texts = {"__main__.py": _MAIN.encode(), "venvship/__init__.py": b"", "venvship/tools/__init__.py": b"", **sources}
    output = io.BytesIO()
    with zipfile.ZipFile(output, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(texts):
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), texts[name])
    return output.getvalue()


def runnable(
    ctx: RuleContext,
    command: str,
    arguments: Iterable[str | Artifact | tuple[str, Artifact]],
    *,
    files: Iterable[Artifact] = (),
) -> DefaultInfo:
    """An executable target that runs `command` of our tools; artifacts among its arguments are runfiles."""
    [runtime] = ctx.provided(COMMAND_RUNTIME.name, InterpreterInfo)
    archive = ctx.declare_file(f"{ctx.label.name}.pyz")
    ctx.write(archive, command_archive())
    launcher = ctx.declare_file(ctx.label.name)
    words = [Argument("-I"), Argument("-B"), Argument.runfile(archive.runfiles_path), Argument(command)]
    needed = [archive, runtime.directory]
    for argument in arguments:
        match argument:
            case str():
                words.append(Argument(argument))
            case (str(option), Artifact() as artifact):
                words += [Argument(option), Argument.runfile(artifact.runfiles_path)]
                needed.append(artifact)
            case Artifact():
                words.append(Argument.runfile(argument.runfiles_path))
                needed.append(argument)
    python = Argument.runfile(f"{runtime.prefix}/bin/python{runtime.version}")
    platform = ctx.configuration.platform
    ctx.write(launcher, finalise(template(platform), LauncherConfig((python, *words))), executable=True)
    runfiles = Runfiles(files=Depset([launcher, *needed]))
    return DefaultInfo(Depset([launcher, *files]), runfiles, runfiles, launcher)
