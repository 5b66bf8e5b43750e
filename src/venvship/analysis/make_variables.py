"""The Make variables that every target has."""

from __future__ import annotations

from venvship.analysis.build_settings import DEFINE
from venvship.analysis.native_options import cpu_word
from venvship.model.artifact import Root
from venvship.model.configuration import COMPILATION_MODE, Configuration


def configuration_variables(configuration: Configuration) -> dict[str, str]:
    """Those that a configuration and `--define` give."""
    output_root = Root.of_outputs(configuration.directory, "").exec_path
    variables = {
        "BINDIR": output_root,
        "COMPILATION_MODE": configuration.get(COMPILATION_MODE, "fastbuild"),
        "GENDIR": output_root,
        "TARGET_CPU": cpu_word(configuration.platform),
    }
    for name, value in configuration.options:
        if name.startswith(DEFINE):
            variables[name.removeprefix(DEFINE)] = value
    return variables
