from __future__ import annotations

import tomllib

from venvship.wheels.pyproject import member_patterns


def test_members_of_a_workspace_are_patterns() -> None:
    text = '[tool.uv.workspace]\nmembers = ["libs/*", 3]\nexclude = ["libs/old"]\n'
    assert member_patterns(tomllib.loads(text)) == (("libs/*",), ("libs/old",))
    assert member_patterns({"tool": {"uv": {"workspace": 1}}}) is None
