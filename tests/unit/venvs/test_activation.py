from __future__ import annotations

import pytest

from venvship.venvs.activation import activation_scripts


def test_there_is_a_script_for_each_shell() -> None:
    assert sorted(activation_scripts("app", {})) == ["Activate.ps1", "activate", "activate.csh", "activate.fish"]


def test_values_are_quoted_for_each_shell() -> None:
    scripts = {name: text.decode() for name, text in activation_scripts("p", {"X": "it's $A `b` \\ !c"}).items()}
    assert "    X='it'\\''s $A `b` \\ !c'\n    export X\n" in scripts["activate"]
    assert "set -gx X 'it\\'s $A `b` \\\\ !c'\n" in scripts["activate.fish"]
    assert "setenv X 'it'\\''s $A `b` \\ \\!c'\n" in scripts["activate.csh"]
    assert "$env:X = 'it''s $A `b` \\ !c'\n" in scripts["Activate.ps1"]


def test_exports_are_sorted_and_taken_back() -> None:
    scripts = activation_scripts("p", {"B": "2", "A": "1"})
    assert b"    A='1'\n    export A\n    B='2'\n    export B\n    _VENV" in scripts["activate"]
    assert b"unset VIRTUAL_ENV VIRTUAL_ENV_PROMPT A B\n" in scripts["activate"]
    assert b"for name in VIRTUAL_ENV VIRTUAL_ENV_PROMPT A B\n" in scripts["activate.fish"]
    assert b"unsetenv A; unsetenv B; unset _VENV" in scripts["activate.csh"]
    assert b"in 'VIRTUAL_ENV', 'VIRTUAL_ENV_PROMPT', 'A', 'B') {" in scripts["Activate.ps1"]


def test_a_name_that_is_no_variable_is_refused() -> None:
    with pytest.raises(ValueError, match="not a variable name"):
        activation_scripts("p", {"A=1; rm": "x"})
