from __future__ import annotations

import sys

from venvship.model.platform import PythonVersion


def test_bytecode_has_the_name_that_the_import_system_looks_for() -> None:
    assert PythonVersion(*sys.version_info[:2]).bytecode_tag == sys.implementation.cache_tag


def test_both_builds_of_a_version_share_names_of_bytecode_and_not_of_extensions() -> None:
    default, free = PythonVersion.parse("3.13"), PythonVersion.parse("3.13t")
    assert free.bytecode_tag == default.bytecode_tag == "cpython-313"
    assert (default.soabi_tag, free.soabi_tag) == ("313", "313t")
