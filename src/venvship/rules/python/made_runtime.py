"""`PyRuntimeInfo(...)` in `.bzl` files, with what rules_python takes and refuses there."""

from __future__ import annotations

from typing import Final

from venvship.loading.depset_values import check_elements
from venvship.model.artifact import Artifact
from venvship.model.depset import Depset
from venvship.rules.python.providers import InterpreterVersion, PyRuntimeInfo
from venvship.starlark.conversion import to_host
from venvship.starlark.errors import EvaluationError
from venvship.starlark.values import Dict, List

_SHEBANG: Final = "#!/usr/bin/env python3"


def made_runtime(
    *,
    python_version: str,
    implementation_name: str | None = None,
    interpreter_path: str | None = None,
    interpreter: Artifact | None = None,
    files: Depset[Artifact] | None = None,
    coverage_tool: Artifact | None = None,
    coverage_files: Depset[Artifact] | None = None,
    pyc_tag: str | None = None,
    stub_shebang: str | None = None,
    bootstrap_template: Artifact | None = None,
    interpreter_version_info: Dict | None = None,
    stage2_bootstrap_template: Artifact | None = None,
    zip_main_template: Artifact | None = None,
    abi_flags: str = "",
    site_init_template: Artifact | None = None,
    supports_build_time_venv: bool = True,
    venv_bin_files: List | None = None,
    interpreter_files_to_run: object = None,
) -> PyRuntimeInfo:
    """The provider; of a runtime of the system there are no files."""
    if (interpreter is None) == (not interpreter_path):
        raise EvaluationError("exactly one of interpreter or interpreter_path must be specified")
    if interpreter_path and files is not None:
        raise EvaluationError("cannot specify 'files' if 'interpreter_path' is given")
    if (coverage_tool is None) != (coverage_files is None):
        raise EvaluationError("coverage_tool and coverage_files must both be set or neither must be set")
    if python_version not in ("PY2", "PY3"):
        raise EvaluationError(f"invalid python_version: '{python_version}'; must be one of 'PY2' or 'PY3'")
    for name, given in (("files", files), ("coverage_files", coverage_files)):
        if given is not None:
            check_elements(given, "File", name)
    del interpreter_files_to_run  # an interpreter is started as a file, never with runfiles of its own
    return PyRuntimeInfo(
        files=None if interpreter is None else files or Depset(),
        interpreter_path=interpreter_path or None,
        interpreter=interpreter,
        interpreter_version_info=_version(interpreter_version_info),
        implementation_name=implementation_name or "",
        abi_flags=abi_flags,
        pyc_tag=pyc_tag or "",
        python_version=python_version,
        stub_shebang=stub_shebang or _SHEBANG,
        supports_build_time_venv=supports_build_time_venv,
        bootstrap_template=bootstrap_template,
        stage2_bootstrap_template=stage2_bootstrap_template,
        site_init_template=site_init_template,
        zip_main_template=zip_main_template,
        coverage_tool=coverage_tool,
        coverage_files=coverage_files,
        venv_bin_files=tuple(file for file in venv_bin_files or () if isinstance(file, Artifact)),
    )


def _version(given: Dict | None) -> InterpreterVersion | None:
    plain = to_host(given) if given is not None else None
    if not isinstance(plain, dict) or not plain:
        return None
    try:
        return InterpreterVersion.parse(plain)
    except ValueError as error:
        raise EvaluationError(f"interpreter_version_info {error}") from error
