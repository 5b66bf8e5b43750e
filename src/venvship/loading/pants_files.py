"""BUILD files of Pants, which have the name of Bazel's and say something else."""

from __future__ import annotations

from collections.abc import Container, Iterable
from typing import Final

from venvship.errors import Place, UserError
from venvship.starlark.program import Program

_NAMES: Final = frozenset(
    (
        *("__defaults__", "__dependencies_rules__", "__dependents_rules__", "docker_environment", "docker_image"),
        *("file", "files", "local_environment", "parametrize", "pex_binaries", "pex_binary", "pipenv_requirements"),
        *("poetry_requirements", "python_artifact", "python_aws_lambda_function", "python_aws_lambda_layer"),
        *("python_awslambda", "python_distribution", "python_google_cloud_function", "python_requirement"),
        *("python_requirements", "python_source", "python_sources", "python_test", "python_test_utils", "python_tests"),
        *("relocated_files", "resource", "resources", "shell_sources", "shunit2_tests", "uv_requirements"),
        *(
            "adhoc_tool",
            "pants_requirement",
            "protobuf_source",
            "protobuf_sources",
            "pyoxidizer_binary",
            "shell_command",
        ),
        *("vcs_version", "pants_requirements", "stevedore_namespace", "target", "wrap_as_resources"),
    )
)


class FileOfPants(UserError):
    """A BUILD file is written for Pants. All say the same, so that a workspace full of them is told once."""

    def __init__(self, names: Iterable[str], place: Place) -> None:
        listed = ", ".join(f"`{name}`" for name in names)
        super().__init__(
            "this BUILD file is for Pants",
            place=place,
            chain=(f"it calls {listed}",),
            hint="write a `BUILD.bazel` beside it, which counts in its place: `py_library` for `python_sources`, "
            "`py_pytest_test` for `python_tests`, `py_binary` for `pex_binary`; an empty one leaves the directory out",
        )


def refuse_file_of_pants(program: Program, known: Container[str]) -> None:
    """Raise FileOfPants if a BUILD file names what Pants defines and nobody defines here."""
    found = [one for one in program.free_names if one[0] in _NAMES and one[0] not in known]
    if found:
        _, line, column = found[0]
        names = dict.fromkeys(name for name, _, _ in found)
        raise FileOfPants(names, Place(program.filename, line, column))
