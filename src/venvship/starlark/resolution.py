"""What a pass over a syntax tree finds: loads, and the meaning of names."""

from __future__ import annotations

import ast
from dataclasses import field

from venvship.dataclass import dataclass
from venvship.errors import Place


@dataclass(frozen=True, slots=True)
class LoadStatement:
    """`load("module", "name", local = "name")`; `bindings` holds (local, exported) pairs."""

    module: str
    bindings: tuple[tuple[str, str], ...]
    place: Place


@dataclass(slots=True, eq=False)
class Scope:
    parent: Scope | None
    is_function: bool
    bindings: dict[str, ast.AST | None] = field(default_factory=dict)
    uses: list[ast.Name] = field(default_factory=list)


@dataclass(slots=True)
class Resolution:
    """What one pass over a tree found."""

    loads: list[LoadStatement] = field(default_factory=list)
    load_nodes: set[ast.stmt] = field(default_factory=set)
    globals: frozenset[str] = frozenset()
    """Names that statements of the top level bind, loads included."""
    free: dict[str, Place] = field(default_factory=dict)
    """Names that the file does not bind, with their first use."""
    functions: set[ast.Name] = field(default_factory=set)
    """Uses that can mean nothing but a function defined at the top level."""
    strings: list[ast.Constant] = field(default_factory=list)
