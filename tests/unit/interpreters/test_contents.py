from __future__ import annotations

import pytest

from venvship.interpreters.contents import belongs_to_stdlib


@pytest.mark.parametrize(
    "path",
    [
        "os.py",
        "LICENSE.txt",
        "unittest/case.py",
        "unittest/mock.py",
        "ensurepip/_bundled/pip-23.2.1-py3-none-any.whl",
        "venv/scripts/common/activate",
        "lib-dynload/_ssl.cpython-312-x86_64-linux-gnu.so",
        "_sysconfigdata__linux_x86_64-linux-gnu.py",
        "lib2to3/Grammar.txt",
        "doctest.py",
    ],
)
def test_modules_and_their_data_belong_to_the_tree(path: str) -> None:
    assert belongs_to_stdlib(path)


@pytest.mark.parametrize(
    "path",
    [
        "test/test_json.py",
        "idlelib/idle_test/test_config.py",
        "site-packages/pip/__init__.py",
        "dist-packages/apt/__init__.py",
        "config-3.12-x86_64-linux-gnu/libpython3.12.a",
        "config-3.12-x86_64-linux-gnu/Makefile",
        "json/__pycache__/decoder.cpython-312.pyc",
        "__pycache__/os.cpython-312.pyc",
        "sitecustomize.py",
        "EXTERNALLY-MANAGED",
        "lib-dynload/_testcapi.cpython-312-x86_64-linux-gnu.so",
        "lib-dynload/xxlimited.cpython-312-x86_64-linux-gnu.so",
    ],
)
def test_suites_caches_archives_and_what_the_machine_added_do_not(path: str) -> None:
    assert not belongs_to_stdlib(path)
