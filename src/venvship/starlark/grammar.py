"""What the language has of Python's syntax, and words for what it has not."""

from __future__ import annotations

import ast

RESERVED = frozenset(["__builtins__", "__debug__"])
"""Names with a meaning for the interpreter that runs the compiled program."""

MAX_CLAUSES = 50
"""`for` clauses of a comprehension; Python's compiler recurses over them without a bound of its own."""

MAX_NAMED = 5000
"""Named arguments of one call; Python compares each with each."""

BINARY_OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
    ast.BitAnd: "&",
    ast.BitOr: "|",
    ast.BitXor: "^",
    ast.LShift: "<<",
    ast.RShift: ">>",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Eq: "==",
    ast.NotEq: "!=",
    ast.Lt: "<",
    ast.Gt: ">",
    ast.LtE: "<=",
    ast.GtE: ">=",
    ast.In: "in",
    ast.NotIn: "not in",
}
_NOUNS = {
    "AsyncFunctionDef": "`async`",
    "Assert": "`assert`",
    "Await": "`await`",
    "ClassDef": "`class`",
    "Delete": "`del`",
    "GeneratorExp": "a generator expression",
    "Global": "`global`",
    "Import": "`import`",
    "ImportFrom": "`import`",
    "JoinedStr": "an f-string",
    "Match": "`match`",
    "NamedExpr": "`:=`",
    "Nonlocal": "`nonlocal`",
    "Raise": "`raise`",
    "Set": "a set display",
    "SetComp": "a set comprehension",
    "Starred": "`*` outside a call",
    "Try": "`try`",
    "While": "`while`",
    "With": "`with`",
    "Yield": "`yield`",
    "YieldFrom": "`yield`",
    "AnnAssign": "a type annotation",
}


def is_docstring(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)


def is_load(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Call)
        and isinstance(node.value.func, ast.Name)
        and node.value.func.id == "load"
    )


def string_of(node: ast.expr) -> str | None:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else None


def noun_of(node: ast.AST) -> str:
    name = type(node).__name__
    return _NOUNS.get(name, f"this syntax ({name})")
