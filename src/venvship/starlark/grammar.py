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
_REFUSALS = {
    "AsyncFunctionDef": "keyword 'async' not supported",
    "Assert": "'assert' not supported, use 'fail' instead",
    "Await": "keyword 'await' not supported",
    "ClassDef": "keyword 'class' not supported",
    "Delete": "'del' not supported, use '.pop()' to delete an item from a dictionary or a list",
    "GeneratorExp": "a generator expression is not supported",
    "Global": "keyword 'global' not supported",
    "Import": "'import' not supported, use 'load' instead",
    "ImportFrom": "'import' not supported, use 'load' instead",
    "JoinedStr": "an f-string is not supported",
    "Match": "`match` is not supported",
    "NamedExpr": "`:=` is not supported",
    "Nonlocal": "keyword 'nonlocal' not supported",
    "Raise": "'raise' not supported, use 'fail' instead",
    "Set": "a set display is not supported",
    "SetComp": "a set comprehension is not supported",
    "Starred": "`*` outside a call is not supported",
    "Try": "'try' not supported, all exceptions are fatal",
    "While": "'while' not supported, use 'for' instead",
    "With": "keyword 'with' not supported",
    "Yield": "keyword 'yield' not supported",
    "YieldFrom": "keyword 'yield' not supported",
    "AnnAssign": "a type annotation is not supported",
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


def refusal_of(node: ast.AST) -> str:
    """What to say of a node that the language has not."""
    name = type(node).__name__
    return _REFUSALS.get(name, f"this syntax ({name}) is not supported")
