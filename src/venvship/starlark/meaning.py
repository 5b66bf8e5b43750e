"""Whether two texts of a file are one program: they differ in comments and layout only."""

from __future__ import annotations

import ast

from venvship.errors import VenvshipError
from venvship.starlark.dialect import Dialect
from venvship.starlark.program import compile_program


def same_meaning(old: bytes, new: bytes, *, dialect: Dialect) -> bool:
    """Whether `new` does what `old` did, which is a program. Positions, which errors tell, may be others."""
    try:
        if ast.dump(ast.parse(old)) != ast.dump(ast.parse(new)):
            return False
        # Python takes more than the language does.
        compile_program(new, filename="", dialect=dialect)
    except (VenvshipError, SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True
