"""Whether a syntax tree is a program of the language, and what its names mean.

The whitelist fails closed: a node that a later Python adds is refused because no method here knows it.
Every problem of a file is collected, so that one run reports all.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Callable, Iterable

from venvship.errors import Place
from venvship.starlark.dialect import Dialect
from venvship.starlark.errors import StarlarkSyntaxError
from venvship.starlark.grammar import (
    BINARY_OPERATORS,
    COMPARISONS,
    MAX_CLAUSES,
    MAX_NAMED,
    RESERVED,
    is_docstring,
    is_load,
    refusal_of,
    string_of,
)
from venvship.starlark.numbers import MAX_BITS
from venvship.starlark.resolution import LoadStatement, Resolution, Scope
from venvship.starlark.source_text import SourceText

_INDENT = re.compile(r"[ \t]*")


class Resolver:
    """One pass over one file."""

    def __init__(self, source: SourceText, dialect: Dialect) -> None:
        self._source = source
        self._dialect = dialect
        self.problems: list[StarlarkSyntaxError] = []
        self._found = Resolution()
        self._module = Scope(None, is_function=False)
        self._scope = self._module
        self._loops = 0
        self._functions: set[str] = set()
        self._scopes = [self._module]
        self._has_tabs = "\t" in source.text
        self._expressions: dict[type[ast.AST], Callable[..., None]] = {
            ast.Name: self._name,
            ast.Constant: self._constant,
            ast.Call: self._call,
            ast.Attribute: self._attribute,
            ast.List: self._elements,
            ast.Tuple: self._elements,
            ast.Dict: self._dict,
            ast.BinOp: self._binary,
            ast.BoolOp: self._bool,
            ast.UnaryOp: self._unary,
            ast.Compare: self._compare,
            ast.IfExp: self._conditional,
            ast.Subscript: self._subscript,
            ast.ListComp: self._list_comprehension,
            ast.DictComp: self._dict_comprehension,
            ast.Lambda: self._lambda,
        }
        self._statements: dict[type[ast.AST], Callable[..., None]] = {
            ast.Expr: self._expression_statement,
            ast.Assign: self._assign,
            ast.AugAssign: self._augmented,
            ast.FunctionDef: self._def,
            ast.Return: self._return,
            ast.If: self._if,
            ast.For: self._for,
            ast.Pass: self._pass,
            ast.Break: self._break,
            ast.Continue: self._break,
        }

    def resolve(self, tree: ast.Module) -> Resolution:
        """Check the whole tree."""
        self._load_order(tree.body)
        self._block(tree.body)
        found = self._found
        found.globals = frozenset(self._module.bindings)
        self._resolve_names()
        if len(found.strings) != len(self._source.strings):
            self.problems.extend(self._source.joined_strings(found.strings))
        return found

    def _resolve_names(self) -> None:
        found = self._found
        for scope in self._scopes:
            for use in scope.uses:
                holder: Scope | None = scope
                while holder is not None and use.id not in holder.bindings:
                    holder = holder.parent
                if holder is None:
                    if use.id not in found.free:
                        found.free[use.id] = self._source.place(use)
                elif holder is self._module and use.id in self._functions and self._dialect is Dialect.BZL:
                    found.functions.add(use)

    def _problem(self, node: ast.AST, message: str, *, hint: str | None = None) -> None:
        self.problems.append(StarlarkSyntaxError(message, place=self._source.place(node), hint=hint))

    # Statements

    def _load_order(self, body: list[ast.stmt]) -> None:
        if self._dialect is not Dialect.BZL:
            return
        first: ast.stmt | None = None
        for statement in body:
            if is_docstring(statement):
                continue
            if not is_load(statement):
                first = first or statement
            elif first is not None:
                self._problem(statement, "load statements must appear before any other statement")

    def _block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            check = self._statements.get(type(statement))
            if check is None:
                self._problem(statement, refusal_of(statement))
                continue
            if self._has_tabs:
                self._indentation(statement)
            check(statement)

    def _indentation(self, statement: ast.stmt) -> None:
        before = _INDENT.match(self._source.lines[statement.lineno - 1])
        if before is not None and before.end() == statement.col_offset and "\t" in before[0]:
            self._problem(statement, "Tab characters are not allowed for indentation. Use spaces instead.")

    @property
    def _at_top(self) -> bool:
        return self._scope is self._module

    def _expression_statement(self, node: ast.Expr) -> None:
        if is_load(node):
            self._load(node)
        else:
            self._expression(node.value)

    def _load(self, node: ast.Expr) -> None:
        call = node.value
        assert isinstance(call, ast.Call)
        if self._dialect is Dialect.MODULE:
            self._problem(node, "`load` statements may not be used in MODULE.bazel files")
            return
        if not self._at_top:
            self._problem(node, "load statement not at top level")
            return
        literals = [string_of(argument) for argument in call.args]
        self._found.strings += [a for a in call.args if isinstance(a, ast.Constant) and isinstance(a.value, str)]
        self._found.strings += [
            k.value for k in call.keywords if isinstance(k.value, ast.Constant) and isinstance(k.value.value, str)
        ]
        if not literals or literals[0] is None:
            self._problem(node, "first operand of load statement must be a string literal")
            return
        bindings: dict[str, str] = {}
        pairs = [(name, name, argument) for name, argument in zip(literals[1:], call.args[1:], strict=True)]
        pairs += [(*self._loaded(keyword), keyword.value) for keyword in call.keywords]
        for local, exported, argument in pairs:
            if local is None or exported is None:
                self._problem(argument, 'load operand must be "name" or local="name"')
            elif not exported.isidentifier() or not local.isidentifier() or local in RESERVED:
                self._problem(argument, f"load: '{exported}' is not a valid identifier")
            elif exported.startswith("_"):
                self._problem(argument, f"symbol '{exported}' is private and cannot be imported")
            elif local in bindings:
                self._problem(argument, f"load statement defines '{local}' more than once")
            else:
                bindings[local] = exported
                self._bind(local, argument)
        if not pairs:
            self._problem(node, "expected at least one symbol to load")
        self._found.loads.append(LoadStatement(literals[0], tuple(bindings.items()), self._call_place(call)))
        self._found.load_nodes.add(node)

    def _loaded(self, keyword: ast.keyword) -> tuple[str | None, str | None]:
        """The name in this file and that in the other one."""
        value = keyword.value
        if keyword.arg is None and isinstance(value, ast.Name):
            offset = self._source.offset(value.lineno, value.col_offset)
            return (value.id, value.id) if offset in self._source.loaded_late else (None, None)
        return keyword.arg, string_of(value)

    def _call_place(self, call: ast.Call) -> Place:
        return self._source.place(call.args[0] if call.args else call)

    def _assign(self, node: ast.Assign) -> None:
        self._expression(node.value)
        if len(node.targets) > 1:
            self._problem(node, "chained assignment is not supported")
        for target in node.targets:
            self._target(target)

    def _target(self, node: ast.expr, *, in_comprehension: bool = False) -> None:
        match node:
            case ast.Name():
                self._bind(node.id, node)
            case ast.Tuple() | ast.List():
                self._trailing_comma(node)
                for element in node.elts:
                    self._target(element, in_comprehension=in_comprehension)
            case ast.Subscript() if not isinstance(node.slice, ast.Slice) and not in_comprehension:
                self._expression(node.value)
                self._index(node.slice)
            case ast.Attribute() if not in_comprehension:
                self._expression(node.value)
            case ast.Starred():
                self._problem(node, "`*` is not supported in an assignment")
            case _:
                self._problem(node, f"cannot assign to '{self._source.segment(node)[:80]}'")

    def _bind(self, name: str, node: ast.AST) -> None:
        self._identifier(name, node)
        previous = self._scope.bindings.get(name)
        if previous is not None and self._at_top and self._dialect is Dialect.BZL:
            self._problem(
                node,
                f"cannot reassign global '{name}'",
                hint=f"'{name}' was declared at {self._source.place(previous)}",
            )
            return
        self._scope.bindings.setdefault(name, node)

    def _identifier(self, name: str, node: ast.AST) -> None:
        if name in RESERVED or name == "load":
            self._problem(node, f"`{name}` is reserved and can't be used as a name")
        elif not self._source.ascii and not name.isascii():
            self._problem(node, f"invalid character in the name `{name}`")

    def _augmented(self, node: ast.AugAssign) -> None:
        self._operator(node, node.op)
        target = node.target
        match target:
            case ast.Name():
                self._scope.uses.append(target)
                self._expression(node.value)
                self._bind(target.id, target)
            case ast.Subscript() | ast.Attribute():
                self._target(target)
                self._expression(node.value)

    def _def(self, node: ast.FunctionDef) -> None:
        if self._dialect is not Dialect.BZL:
            self._problem(
                node, f"functions may not be defined in {self._dialect.value} files", hint="move it to a .bzl file"
            )
            return
        if node.decorator_list:
            self._problem(node, "decorators are not supported")
        if getattr(node, "type_params", None):
            self._problem(node, "type parameters are not supported")
        if node.returns is not None:
            self._problem(node, "a type annotation is not supported")
        if self._at_top:
            self._functions.add(node.name)
        self._bind(node.name, node)
        self._function(node.args, lambda: self._block(node.body))

    def _function(self, arguments: ast.arguments, body: Callable[[], None]) -> None:
        if arguments.posonlyargs:
            self._problem(arguments.posonlyargs[0], "`/` in parameters is not supported")
        for default in [*arguments.defaults, *arguments.kw_defaults]:
            if default is not None:
                self._expression(default)
        outer, loops = self._scope, self._loops
        self._scope, self._loops = Scope(outer, is_function=True), 0
        self._scopes.append(self._scope)
        extra = [argument for argument in (arguments.vararg, arguments.kwarg) if argument is not None]
        for argument in [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs, *extra]:
            if argument.annotation is not None:
                self._problem(argument, "a type annotation is not supported")
            self._bind(argument.arg, argument)
        body()
        self._scope, self._loops = outer, loops

    def _in_function(self) -> bool:
        scope: Scope | None = self._scope
        while scope is not None:
            if scope.is_function:
                return True
            scope = scope.parent
        return False

    def _return(self, node: ast.Return) -> None:
        if not self._in_function():
            self._problem(node, "return statements must be inside a function")
        if node.value is not None:
            self._expression(node.value)

    def _if(self, node: ast.If) -> None:
        if self._at_top:
            self._problem(
                node,
                "if statements are not allowed at the top level",
                hint="move it inside a function, or use an if expression (x if condition else y)",
            )
        branch = node
        while True:
            self._expression(branch.test)
            self._block(branch.body)
            # A loop, because long chains of `elif` nest deeply in the tree.
            if len(branch.orelse) == 1 and isinstance(branch.orelse[0], ast.If):
                branch = branch.orelse[0]
            else:
                break
        self._block(branch.orelse)

    def _for(self, node: ast.For) -> None:
        if self._at_top:
            self._problem(
                node,
                "for loops are not allowed at the top level",
                hint="move it inside a function, or use a comprehension, [f(x) for x in sequence]",
            )
        if node.orelse:
            self._problem(node.orelse[0], "`else` after a for loop is not supported")
        self._expression(node.iter)
        self._target(node.target)
        self._loops += 1
        self._block(node.body)
        self._loops -= 1

    def _pass(self, node: ast.Pass) -> None:
        pass

    def _break(self, node: ast.Break | ast.Continue) -> None:
        if not self._loops:
            word = "break" if isinstance(node, ast.Break) else "continue"
            self._problem(node, f"{word} statement must be inside a for loop")

    # Expressions

    def _expression(self, node: ast.expr) -> None:
        check = self._expressions.get(type(node))
        if check is None:
            self._problem(node, refusal_of(node))
        else:
            check(node)

    def _name(self, node: ast.Name) -> None:
        if node.id == "load" or not self._source.ascii:
            self._identifier(node.id, node)
        self._scope.uses.append(node)

    def _constant(self, node: ast.Constant) -> None:
        value = node.value
        if isinstance(value, str):
            self._found.strings.append(node)
        elif type(value) is int:
            if value >= 1 << MAX_BITS:
                self._problem(node, f"integer literal of more than {MAX_BITS} bits")
        elif type(value) is float:
            if value == math.inf:
                self._problem(node, "floating-point literal too large")
        elif value is not None and type(value) is not bool:
            kind = "`...`" if value is ... else f"a {type(value).__name__} literal"
            self._problem(node, f"{kind} is not supported")

    def _elements(self, node: ast.List | ast.Tuple) -> None:
        self._trailing_comma(node)
        for element in node.elts:
            self._expression(element)

    def _trailing_comma(self, node: ast.List | ast.Tuple) -> None:
        if type(node) is ast.Tuple and self._source.before(node.end_lineno or 0, node.end_col_offset or 0) == ",":
            self._problem(node, "Trailing comma is allowed only in parenthesized tuples.")

    def _dict(self, node: ast.Dict) -> None:
        for key, value in zip(node.keys, node.values, strict=True):
            if key is None:
                self._problem(value, "`**` in a dictionary is not supported")
            else:
                self._expression(key)
            self._expression(value)

    def _attribute(self, node: ast.Attribute) -> None:
        if not self._source.ascii and not node.attr.isascii():
            self._problem(node, f"invalid character in the name `{node.attr}`")
        self._expression(node.value)

    def _operator(self, node: ast.AST, operator: ast.operator) -> None:
        if type(operator) not in BINARY_OPERATORS:
            spelling = "**" if isinstance(operator, ast.Pow) else "@"
            self._problem(node, f"the operator `{spelling}` is not supported")

    def _binary(self, node: ast.BinOp) -> None:
        # Sums of many terms nest to the left; recursion would outgrow the stack.
        current: ast.expr = node
        rights: list[ast.expr] = []
        while isinstance(current, ast.BinOp):
            self._operator(current, current.op)
            rights.append(current.right)
            current = current.left
        self._expression(current)
        for right in reversed(rights):
            self._expression(right)

    def _bool(self, node: ast.BoolOp) -> None:
        for value in node.values:
            self._expression(value)

    def _unary(self, node: ast.UnaryOp) -> None:
        current: ast.expr = node
        while isinstance(current, ast.UnaryOp):
            current = current.operand
        self._expression(current)

    def _compare(self, node: ast.Compare) -> None:
        if len(node.ops) > 1:
            names = [COMPARISONS.get(type(operator), "is") for operator in node.ops]
            self._problem(
                node.comparators[0], f"Operator '{names[0]}' is not associative with operator '{names[1]}'. Use parens."
            )
        for operator in node.ops:
            if type(operator) not in COMPARISONS:
                self._problem(node, "'is' not supported, use '==' instead")
        self._expression(node.left)
        for comparator in node.comparators:
            self._expression(comparator)

    def _conditional(self, node: ast.IfExp) -> None:
        self._expression(node.test)
        self._expression(node.body)
        self._expression(node.orelse)

    def _subscript(self, node: ast.Subscript) -> None:
        self._expression(node.value)
        if isinstance(node.slice, ast.Slice):
            for bound in (node.slice.lower, node.slice.upper, node.slice.step):
                if bound is not None:
                    self._expression(bound)
        else:
            self._index(node.slice)

    def _index(self, node: ast.expr) -> None:
        self._expression(node)

    def _call(self, node: ast.Call) -> None:
        self._expression(node.func)
        if len(node.keywords) > MAX_NAMED:
            self._problem(node, f"more than {MAX_NAMED} named arguments in a call")
        star: ast.expr | None = None
        for argument in node.args:
            if isinstance(argument, ast.Starred):
                if star is not None:
                    self._problem(argument, "multiple *args not allowed")
                star = star or argument
                self._star(argument, "*args")
                self._expression(argument.value)
            else:
                if star is not None:
                    self._problem(argument, "positional argument may not follow *args")
                self._expression(argument)
        stars: ast.expr | None = None
        for keyword in node.keywords:
            if keyword.arg is None:
                if stars is not None:
                    self._problem(keyword.value, "multiple **kwargs not allowed")
                stars = stars or keyword.value
                self._star(keyword.value, "**kwargs")
            else:
                if stars is not None:
                    self._problem(keyword, f"keyword argument {keyword.arg} may not follow **kwargs")
                elif star is not None and _begin(star) < _begin(keyword):
                    self._problem(keyword, f"keyword argument {keyword.arg} may not follow *args")
                if keyword.arg == "__debug__" or (not self._source.ascii and not keyword.arg.isascii()):
                    self._identifier(keyword.arg, keyword.value)
            self._expression(keyword.value)

    def _star(self, node: ast.expr, what: str) -> None:
        if self._dialect is not Dialect.BZL:
            self._problem(
                node,
                f"{what} arguments are not allowed in {self._dialect.value} files",
                hint="pass the arguments in explicitly",
            )

    def _list_comprehension(self, node: ast.ListComp) -> None:
        self._comprehension(node.generators, [node.elt])

    def _dict_comprehension(self, node: ast.DictComp) -> None:
        self._comprehension(node.generators, [node.key, node.value])

    def _comprehension(self, generators: list[ast.comprehension], results: Iterable[ast.expr]) -> None:
        outer = self._scope
        if len(generators) > MAX_CLAUSES:
            self._problem(generators[MAX_CLAUSES].target, "too many `for` clauses in a comprehension")
        self._expression(generators[0].iter)
        self._scope = Scope(outer, is_function=False)
        self._scopes.append(self._scope)
        for position, generator in enumerate(generators):
            if generator.is_async:
                self._problem(generator.target, "`async` is not supported")
            if position:
                self._expression(generator.iter)
            self._target(generator.target, in_comprehension=True)
            for condition in generator.ifs:
                self._expression(condition)
        for result in results:
            self._expression(result)
        self._scope = outer

    def _lambda(self, node: ast.Lambda) -> None:
        if self._dialect is not Dialect.BZL:
            self._problem(node, f"lambda expressions are not allowed in {self._dialect.value} files")
            return
        self._function(node.args, lambda: self._expression(node.body))


def _begin(node: ast.expr | ast.keyword) -> tuple[int, int]:
    return node.lineno, node.col_offset
