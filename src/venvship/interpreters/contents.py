"""Which files of an installed CPython belong into an interpreter tree, and which features a smaller tree leaves out.

Left out always: test suites (two thirds of the files), static libraries and makefiles, what users installed
(`site-packages`, `dist-packages`), and bytecode, which is compiled anew.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_TEST_PACKAGES = re.compile(
    r"(?:test|idlelib/idle_test|lib2to3/tests|ctypes/test|unittest/test|distutils/tests|sqlite3/test|tkinter/test"
    r"|bsddb/test|email/test|json/tests|importlib/test)/"
)
_LEFT_OUT = re.compile(
    r"(?:site-packages|dist-packages|config-[^/]*)/"
    r"|(?:.*/)?__pycache__/"
    r"|.*\.(?:a|o|lib|pyc|pyo|orig|exe)\Z"
    r"|(?:sitecustomize|usercustomize)\.py\Z"
    r"|lib-dynload/(?:_test|_xxtestfuzz|xxlimited|xxsubtype|_ctypes_test|xxinterp)[^/]*\Z"
    r"|EXTERNALLY-MANAGED\Z"
)

FEATURES: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        "headers": ("include/**",),
        "docs": ("share/**", "lib/python*/pydoc_data/**"),
        "tkinter": ("lib/python*/tkinter/**", "lib/python*/lib-dynload/_tkinter*"),
        "idle": ("lib/python*/idlelib/**",),
        "ensurepip": ("lib/python*/ensurepip/**",),
        "config": ("lib/python*/config-*/**",),
        "pydoc": ("lib/python*/pydoc.py", "lib/python*/pydoc_data/**", "lib/python*/__pycache__/pydoc.*"),
        "lib2to3": ("lib/python*/lib2to3/**",),
        "turtle": ("lib/python*/turtle.py", "lib/python*/turtledemo/**", "lib/python*/__pycache__/turtle.*"),
    }
)
"""Parts that a program may do without, as patterns for the `exclude` of a layer or of a repository."""


def belongs_to_stdlib(path: str) -> bool:
    """Whether a file at `path` below `lib/python3.X` is part of an interpreter tree.

    >>> belongs_to_stdlib("json/__init__.py"), belongs_to_stdlib("test/test_json.py")
    (True, False)
    """
    return not _TEST_PACKAGES.match(path) and not _LEFT_OUT.match(path)
