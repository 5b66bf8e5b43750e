from __future__ import annotations

import pytest

from venvship.model.configuration import Configuration
from venvship.model.platform import Platform
from venvship.model.workspace_status import STAMP, UNSTAMPED, WorkspaceStatus, is_stamped


def test_keys_tell_which_values_are_stable() -> None:
    status = WorkspaceStatus.of(
        [("STABLE_B", "2"), ("TIME", "x"), ("BUILD_USER", "me"), ("STABLE_B", "3"), ("UNSTABLE_A", "y")]
    )
    assert status.stable_text == "BUILD_USER me\nSTABLE_B 3\n"
    assert status.volatile_text == "TIME x\nUNSTABLE_A y\n"
    assert status.values == {"BUILD_USER": "me", "STABLE_B": "3", "TIME": "x", "UNSTABLE_A": "y"}


def test_a_build_that_tells_nothing_has_the_keys_that_programs_ask_for() -> None:
    assert UNSTAMPED.values == {"BUILD_EMBED_LABEL": "", "BUILD_TIMESTAMP": "0"}


@pytest.mark.parametrize(
    ("value", "stamped"), [("1", True), ("True", True), ("yes", True), ("0", False), ("false", False), ("", False)]
)
def test_targets_are_stamped_where_the_flag_says_yes(value: str, stamped: bool) -> None:
    configuration = Configuration(Platform.parse("linux_x86_64")).with_options({STAMP: value})
    assert is_stamped(configuration) is stamped
