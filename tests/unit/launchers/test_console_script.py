from __future__ import annotations

import pytest

from venvship.launchers.config import Argument, ArgumentKind
from venvship.launchers.console_script import MalformedEntryPoint, console_script_config


def test_the_interpreter_beside_the_script_is_used() -> None:
    config = console_script_config("tool", module="package.cli", function="main")
    assert config.argv[0] == Argument("python", ArgumentKind.SIBLING)
    assert config.argv[1] == Argument("-I")
    assert config.argv[-1] == Argument("tool", ArgumentKind.SIBLING)
    assert not config.export_runfiles


def test_another_interpreter_can_be_named() -> None:
    python = Argument.runfile("_main/.venv/bin/python")
    config = console_script_config("tool", module="package", function="main", python=python)
    assert config.argv[0] == python


def test_only_the_first_name_of_a_dotted_function_is_imported() -> None:
    config = console_script_config("tool", module="a.b", function="Group.run.main")
    assert config.argv[3].text.endswith("from a.b import Group; sys.exit(Group.run.main())")


@pytest.mark.parametrize(
    ("name", "module", "function"),
    [
        ("tool", "os; evil", "main"),
        ("tool", "package", "main()"),
        ("tool", "", "main"),
        ("tool", "package", ""),
        ("tool", "package..cli", "main"),
        ("../tool", "package", "main"),
        ("..", "package", "main"),
        ("", "package", "main"),
    ],
)
def test_what_is_no_reference_to_a_function_is_refused(name: str, module: str, function: str) -> None:
    with pytest.raises(MalformedEntryPoint) as caught:
        console_script_config(name, module=module, function=function)
    assert str(caught.value) == (
        f"the console script `{name}` refers to `{module}:{function}`, which is no `module:function`"
    )
