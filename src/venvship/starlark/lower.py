"""From the syntax tree of the language to one that Python runs with the same meaning.

Operators become calls of functions whose names no source can spell, such as `+`. Names, literals that can't change,
conditions and calls of the file's own functions stay native, because they mean the same.

Loops and functions say how much work lies in them once, apart from what loops and functions inside of them say for
themselves: a turn costs as many steps as it takes time, however much stands on a line.

Each call carries the position of its operator or opening parenthesis; tracebacks and `caller_place` read it back.
"""

from __future__ import annotations

import ast
from collections.abc import Callable

from venvship.starlark.grammar import BINARY_OPERATORS, COMPARISONS
from venvship.starlark.iteration import Shape
from venvship.starlark.resolution import Resolution
from venvship.starlark.source_text import SourceText
from venvship.starlark.thread import LONG_TEXT

_LOAD = ast.Load()
_STORE = ast.Store()

_OF_CALL = 5
_OF_OWN_CALL = 2
"""The work of a call, where that of an operator is 1; functions of the file pay for themselves as well."""

_ELEMENTS_AT_ONE = 8
"""Elements that a display takes up in the time of one operator."""


class Lowering:
    """Rewrites one checked file."""

    def __init__(self, source: SourceText, resolution: Resolution) -> None:
        self._source = source
        self._resolution = resolution
        self._temporaries = 0
        self._work = 0
        self._statements: dict[type[ast.AST], Callable[..., list[ast.stmt]]] = {
            ast.Expr: self._expression_statement,
            ast.Assign: self._assign,
            ast.AugAssign: self._augmented,
            ast.FunctionDef: self._def,
            ast.Return: self._return,
            ast.If: self._if,
            ast.For: self._for,
        }
        self._expressions: dict[type[ast.AST], Callable[..., ast.expr]] = {
            ast.Call: self._call,
            ast.Attribute: self._attribute,
            ast.List: self._list,
            ast.Tuple: self._tuple,
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

    def lower(self, tree: ast.Module) -> ast.Module:
        """The program to compile."""
        body = self._block([statement for statement in tree.body if statement not in self._resolution.load_nodes])
        lowered = ast.Module(body=body, type_ignores=[])
        if not self._source.ascii:
            self._count_code_points(lowered)
        return lowered

    def _count_code_points(self, tree: ast.Module) -> None:
        seen: set[ast.AST] = set()
        for node in ast.walk(tree):
            if node in seen or not hasattr(node, "lineno"):
                continue
            seen.add(node)
            line, end = node.lineno, node.end_lineno  # type: ignore[attr-defined]
            node.col_offset = self._source.column(line, node.col_offset)  # type: ignore[attr-defined]
            node.end_col_offset = self._source.column(end, node.end_col_offset)  # type: ignore[attr-defined]

    # Making nodes

    def _helper(self, name: str, args: list[ast.expr], at: ast.AST) -> ast.Call:
        self._work += 1
        line, column = at.lineno, at.col_offset  # type: ignore[attr-defined]
        end, end_column = at.end_lineno, at.end_col_offset  # type: ignore[attr-defined]
        function = ast.Name(name, _LOAD, lineno=line, col_offset=column, end_lineno=end, end_col_offset=end_column)
        return ast.Call(function, args, [], lineno=line, col_offset=column, end_lineno=end, end_col_offset=end_column)

    def _constant(self, value: object, at: ast.AST) -> ast.Constant:
        return ast.copy_location(ast.Constant(value), at)  # type: ignore[arg-type]

    def _weight(self, work: int, at: ast.AST) -> list[ast.expr]:
        """The argument that says what one turn costs; none where it is one step."""
        steps = 1 + work // 2
        return [self._constant(steps, at)] if steps > 1 else []

    def _temporary(self) -> str:
        self._temporaries += 1
        return f"<t{self._temporaries}>"

    def _read(self, name: str, at: ast.AST) -> ast.expr:
        return ast.copy_location(ast.Name(name, _LOAD), at)

    def _store(self, name: str, value: ast.expr, at: ast.AST) -> ast.stmt:
        target = ast.copy_location(ast.Name(name, _STORE), at)
        return ast.copy_location(ast.Assign([target], value), at)

    def _point(self, node: ast.AST, after: ast.AST, text: str) -> ast.AST:
        """A location for `node` at the first `text` behind another node."""
        line: int = after.end_lineno  # type: ignore[attr-defined]
        column: int = after.end_col_offset  # type: ignore[attr-defined]
        last: int = node.end_lineno  # type: ignore[attr-defined]
        needle = text.encode()
        while line <= last:
            content = self._source.lines[line - 1]
            if self._source.ascii or content.isascii():
                found = content.find(text, column)
            else:
                found = self._source.encoded(line)[0].find(needle, column)
            if found >= 0:
                return ast.Name(
                    "",
                    _LOAD,
                    lineno=line,
                    col_offset=found,
                    end_lineno=node.end_lineno,  # type: ignore[attr-defined]
                    end_col_offset=node.end_col_offset,  # type: ignore[attr-defined]
                )
            line, column = line + 1, 0
        return node

    # Statements

    def _block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        return [lowered for statement in statements for lowered in self._one(statement)]

    def _one(self, statement: ast.stmt) -> list[ast.stmt]:
        lower = self._statements.get(type(statement))
        return [statement] if lower is None else lower(statement)

    def _expression_statement(self, node: ast.Expr) -> list[ast.stmt]:
        if not isinstance(node.value, ast.Constant):
            node.value = self._expression(node.value)
        return [node]

    def _assign(self, node: ast.Assign) -> list[ast.stmt]:
        value = self._expression(node.value)
        target = node.targets[0]
        at = self._point(node, target, "=")
        return self._bind(target, value, node, at)

    def _bind(self, target: ast.expr, value: ast.expr, node: ast.stmt, at: ast.AST) -> list[ast.stmt]:
        match target:
            case ast.Name():
                return [ast.copy_location(ast.Assign([target], value), node)]
            case ast.Subscript():
                operator = self._point(target, target.value, "[")
                args = [value, self._expression(target.value), self._expression(target.slice)]
                return [self._statement(self._helper("[]=", args, operator), node)]
            case ast.Attribute():
                operator = self._point(target, target.value, ".")
                args = [value, self._expression(target.value), self._constant(target.attr, target)]
                return [self._statement(self._helper(".=", args, operator), node)]
            case ast.Tuple() | ast.List():
                shape = _shape(target)
                self._work += len(target.elts) // 2
                unpacked = self._helper("unpack", [value, self._constant(shape, target)], at)
                stores: list[ast.stmt] = []
                simple = _only_names(target)
                native = _as_tuple(target) if simple else self._with_temporaries(target, stores, node, at)
                return [ast.copy_location(ast.Assign([native], unpacked), node), *stores]
            case _:
                raise AssertionError(ast.dump(target))

    def _with_temporaries(self, target: ast.expr, stores: list[ast.stmt], node: ast.stmt, at: ast.AST) -> ast.expr:
        """Targets that Python can unpack into; `stores` then assigns the real ones in order."""
        if isinstance(target, (ast.Tuple, ast.List)):
            elements = [self._with_temporaries(element, stores, node, at) for element in target.elts]
            return ast.copy_location(ast.Tuple(elements, _STORE), target)
        name = self._temporary()
        stores.extend(self._bind(target, self._read(name, target), node, at))
        return ast.copy_location(ast.Name(name, _STORE), target)

    def _statement(self, expression: ast.expr, at: ast.AST) -> ast.stmt:
        return ast.copy_location(ast.Expr(expression), at)

    def _augmented(self, node: ast.AugAssign) -> list[ast.stmt]:
        operator = BINARY_OPERATORS[type(node.op)] + "="
        target = node.target
        at = self._point(node, target, operator)
        value = self._expression(node.value)
        if isinstance(target, ast.Name):
            current = ast.copy_location(ast.Name(target.id, _LOAD), target)
            return [ast.copy_location(ast.Assign([target], self._helper(operator, [current, value], at)), node)]
        if isinstance(target, ast.Attribute):
            args = [value, self._expression(target.value), self._constant(target.attr, target)]
            return [self._statement(self._helper(".=", args, self._point(target, target.value, ".")), node)]
        bracket = self._point(target, target.value, "[")
        container, index = self._temporary(), self._temporary()

        def load(name: str) -> ast.expr:
            return self._read(name, target)

        current_item = self._helper("[]", [load(container), load(index)], bracket)
        changed = self._helper(operator, [current_item, value], at)
        return [
            self._store(container, self._expression(target.value), node),
            self._store(index, self._expression(target.slice), node),
            self._statement(self._helper("[]=", [changed, load(container), load(index)], bracket), node),
        ]

    def _def(self, node: ast.FunctionDef) -> list[ast.stmt]:
        self._arguments(node.args)
        outer, self._work = self._work, 0
        documentation = node.body[:1] if ast.get_docstring(node, clean=False) is not None else []
        body = self._block(node.body[len(documentation) :])
        identity = [self._identity(node.name, node), *self._weight(self._work, node)]
        enter = self._statement(self._helper("enter", identity, node), node)
        leave = self._statement(self._helper("leave", [], node), node)
        empty: ast.stmt = ast.copy_location(ast.Pass(), node)
        guarded = ast.copy_location(ast.Try(body or [empty], [], [], [leave]), node)
        # Python hands named arguments over in a dictionary of its own class.
        named = (
            [] if node.args.kwarg is None else [self._store(node.args.kwarg.arg, self._named(node.args.kwarg), node)]
        )
        node.body = [*documentation, enter, *named, guarded]
        self._work = outer
        return [node]

    def _identity(self, name: str, node: ast.AST) -> ast.expr:
        """Names the code of a function; what the ban on recursion goes by."""
        place = self._source.place(node)
        return self._constant(f"{name} {place.line}:{place.column} {self._source.fingerprint}", node)

    def _arguments(self, arguments: ast.arguments) -> None:
        arguments.defaults = [self._expression(default) for default in arguments.defaults]
        arguments.kw_defaults = [
            None if default is None else self._expression(default) for default in arguments.kw_defaults
        ]

    def _named(self, parameter: ast.arg) -> ast.expr:
        return self._helper("{...}", [self._read(parameter.arg, parameter)], parameter)

    def _return(self, node: ast.Return) -> list[ast.stmt]:
        if node.value is not None:
            node.value = self._expression(node.value)
        return [node]

    def _if(self, node: ast.If) -> list[ast.stmt]:
        branch = node
        most = 0
        while True:
            branch.test = self._expression(branch.test)
            before = self._work
            branch.body = self._block(branch.body)
            most, self._work = max(most, self._work - before), before
            if len(branch.orelse) == 1 and isinstance(branch.orelse[0], ast.If):
                branch = branch.orelse[0]
            else:
                break
        before = self._work
        branch.orelse = self._block(branch.orelse)
        # Only one of the branches is taken.
        self._work = before + max(most, self._work - before)
        return [node]

    def _for(self, node: ast.For) -> list[ast.stmt]:
        values = self._expression(node.iter)
        outer, self._work = self._work, 0
        body = self._block(node.body)
        if isinstance(node.target, ast.Name):
            node.iter = self._helper("for", [values, *self._weight(self._work, node)], node)
        elif isinstance(node.target, (ast.Tuple, ast.List)) and _only_names(node.target):
            weight = self._weight(self._work + len(node.target.elts), node)
            node.iter = self._helper("for,", [values, self._constant(_shape(node.target), node), *weight], node)
            node.target = _as_tuple(node.target)
        else:
            name = self._temporary()
            body = [*self._bind(node.target, self._read(name, node.target), node, node), *body]
            node.iter = self._helper("for", [values, *self._weight(self._work, node)], node)
            node.target = ast.copy_location(ast.Name(name, _STORE), node.target)
        node.body = body
        self._work = outer + 1
        return [node]

    # Expressions

    def _expression(self, node: ast.expr) -> ast.expr:
        lower = self._expressions.get(type(node))
        return node if lower is None else lower(node)

    def _all(self, nodes: list[ast.expr]) -> list[ast.expr]:
        return [self._expression(node) for node in nodes]

    def _call(self, node: ast.Call) -> ast.expr:
        paren = self._point(node, node.func, "(")
        function = node.func
        self._work += _OF_CALL + (len(node.args) + len(node.keywords)) // 2
        if self._needs_order(node):
            return self._call_in_order(node, paren)
        args = [
            ast.copy_location(ast.Starred(self._helper("*args", [self._expression(arg.value)], paren), _LOAD), arg)
            if isinstance(arg, ast.Starred)
            else self._expression(arg)
            for arg in node.args
        ]
        for keyword in node.keywords:
            keyword.value = self._expression(keyword.value)
            if keyword.arg is None:
                keyword.value = self._helper("**", [keyword.value], paren)
        if isinstance(function, ast.Attribute):
            # The method is looked up before the arguments are evaluated.
            receiver = self._expression(function.value)
            dot = self._point(function, function.value, ".")
            method = self._helper(".()", [receiver, self._constant(function.attr, function)], dot)
            return ast.copy_location(ast.Call(method, args, node.keywords), paren)
        if isinstance(function, ast.Name) and function in self._resolution.functions:
            self._work += _OF_OWN_CALL - _OF_CALL
        else:
            function = self._helper("()", [self._expression(function)], paren)
        return ast.copy_location(ast.Call(function, args, node.keywords), paren)

    def _needs_order(self, node: ast.Call) -> bool:
        """Whether Python would evaluate a starred argument before named ones, and somebody could tell."""
        starred = any(isinstance(arg, ast.Starred) and not isinstance(arg.value, ast.Name) for arg in node.args)
        return starred and any(not isinstance(k.value, (ast.Constant, ast.Name)) for k in node.keywords)

    def _call_in_order(self, node: ast.Call, paren: ast.AST) -> ast.expr:
        positional = [self._expression(arg) for arg in node.args if not isinstance(arg, ast.Starred)]
        named = [keyword for keyword in node.keywords if keyword.arg is not None]
        function = self._expression(node.func)
        positional_list = ast.copy_location(ast.List(positional, _LOAD), node)
        keys: list[ast.expr | None] = [self._constant(keyword.arg, node) for keyword in named]
        named_dict = ast.copy_location(ast.Dict(keys, [self._expression(keyword.value) for keyword in named]), node)
        more: ast.expr = next(self._expression(arg.value) for arg in node.args if isinstance(arg, ast.Starred))
        more_named = [self._expression(keyword.value) for keyword in node.keywords if keyword.arg is None]
        last = more_named[0] if more_named else self._helper("{}", [], node)
        return self._helper("(*)", [function, positional_list, named_dict, more, last], paren)

    def _attribute(self, node: ast.Attribute) -> ast.expr:
        dot = self._point(node, node.value, ".")
        return self._helper(".", [self._expression(node.value), self._constant(node.attr, node)], dot)

    def _list(self, node: ast.List) -> ast.expr:
        if not node.elts:
            return self._helper("[...]", [], node)
        node.elts = self._all(node.elts)
        self._work += len(node.elts) // _ELEMENTS_AT_ONE
        return self._helper("[...]", [node], node)

    def _tuple(self, node: ast.Tuple) -> ast.expr:
        self._work += len(node.elts) // _ELEMENTS_AT_ONE
        node.elts = self._all(node.elts)
        return node

    def _dict(self, node: ast.Dict) -> ast.expr:
        keys = [key.value if isinstance(key, ast.Constant) else None for key in node.keys]
        values = self._all(node.values)
        if keys and all(type(key) is str for key in keys) and len(set(keys)) == len(keys):
            node.values = values
            self._work += len(values) // 2
            return self._helper("{...}", [node], node)
        self._work += len(values)
        flat: list[ast.expr] = []
        for key, value in zip(node.keys, values, strict=True):
            assert key is not None
            flat += [self._expression(key), value]
        return self._helper("{}", flat, node)

    def _binary(self, node: ast.BinOp) -> ast.expr:
        chain: list[ast.BinOp] = []
        current: ast.expr = node
        while isinstance(current, ast.BinOp):
            chain.append(current)
            current = current.left
        end: ast.expr = current
        result = self._expression(current)
        for link in reversed(chain):
            operator = BINARY_OPERATORS[type(link.op)]
            at = self._point(link, end, operator)
            result = self._helper(operator, [result, self._expression(link.right)], at)
            end = link
        return result

    def _bool(self, node: ast.BoolOp) -> ast.expr:
        node.values = self._all(node.values)
        return node

    def _unary(self, node: ast.UnaryOp) -> ast.expr:
        chain: list[ast.UnaryOp] = []
        current: ast.expr = node
        while isinstance(current, ast.UnaryOp):
            chain.append(current)
            current = current.operand
        result = self._expression(current)
        for link in reversed(chain):
            match link.op:
                case ast.Not():
                    result = ast.copy_location(ast.UnaryOp(link.op, result), link)
                case ast.USub() if isinstance(result, ast.Constant) and type(result.value) in (int, float):
                    assert isinstance(result.value, (int, float))
                    result = self._constant(-result.value, link)
                case ast.USub():
                    result = self._helper("-x", [result], link)
                case ast.UAdd():
                    result = self._helper("+x", [result], link)
                case _:
                    result = self._helper("~x", [result], link)
        return result

    def _compare(self, node: ast.Compare) -> ast.expr:
        operator = COMPARISONS[type(node.ops[0])]
        left, right = node.left, node.comparators[0]
        at = self._point(node, left, operator.partition(" ")[0])
        if operator in ("==", "!=") and (_compares_natively(left) or _compares_natively(right)):
            node.left, node.comparators = self._expression(left), [self._expression(right)]
            return node
        args = [self._expression(left), self._expression(right)]
        if operator == "not in":
            return ast.copy_location(ast.UnaryOp(ast.Not(), self._helper("in", args, at)), at)
        return self._helper(operator, args, at)

    def _conditional(self, node: ast.IfExp) -> ast.expr:
        node.test = self._expression(node.test)
        node.body = self._expression(node.body)
        node.orelse = self._expression(node.orelse)
        return node

    def _subscript(self, node: ast.Subscript) -> ast.expr:
        bracket = self._point(node, node.value, "[")
        value = self._expression(node.value)
        if not isinstance(node.slice, ast.Slice):
            return self._helper("[]", [value, self._expression(node.slice)], bracket)
        bounds = [node.slice.lower, node.slice.upper, node.slice.step]
        args = [self._constant(None, node) if bound is None else self._expression(bound) for bound in bounds]
        return self._helper("[:]", [value, *args], bracket)

    def _list_comprehension(self, node: ast.ListComp) -> ast.expr:
        def element() -> None:
            node.elt = self._expression(node.elt)

        self._generators(node.generators, element)
        return self._helper("[...]", [node], node)

    def _dict_comprehension(self, node: ast.DictComp) -> ast.expr:
        def element() -> None:
            self._work += 1
            node.key, node.value = self._expression(node.key), self._expression(node.value)

        self._generators(node.generators, element)
        pair = ast.copy_location(ast.Tuple([node.key, node.value], _LOAD), node)
        entries = ast.copy_location(ast.ListComp(pair, node.generators), node)
        return self._helper("{for}", [entries], node)

    def _generators(self, generators: list[ast.comprehension], element: Callable[[], None]) -> None:
        """Rewrites what a comprehension ranges over; `element` rewrites what it makes, the work of the last of them."""
        generator, *inner = generators
        values = self._expression(generator.iter)
        outer, self._work = self._work, 0
        generator.ifs = self._all(generator.ifs)
        if inner:
            self._generators(inner, element)
        else:
            element()
        target = generator.target
        if isinstance(target, (ast.Tuple, ast.List)):
            weight = self._weight(self._work + len(target.elts), target)
            shape = self._constant(_shape(target), target)
            generator.iter = self._helper("for,", [values, shape, *weight], generator.iter)
            generator.target = _as_tuple(target)
        else:
            weight = self._weight(self._work, target)
            generator.iter = self._helper("for", [values, *weight], generator.iter)
        self._work = outer + 1

    def _lambda(self, node: ast.Lambda) -> ast.expr:
        self._arguments(node.args)
        outer, self._work = self._work, 0
        body = self._expression(node.body)
        enter = self._helper("enter", [self._identity("lambda", node), *self._weight(self._work, node)], node)
        self._work = outer + 1
        kwarg = node.args.kwarg
        if kwarg is not None:
            # An inner function binds the name anew: Python forbids assignments inside a comprehension's source.
            parameter = ast.copy_location(ast.arg(kwarg.arg), kwarg)
            inner = ast.Lambda(ast.arguments([], [parameter], None, [], [], None, []), body)
            body = ast.copy_location(ast.Call(ast.copy_location(inner, node.body), [self._named(kwarg)], []), node.body)
        node.body = self._helper("lambda", [enter, body], node.body)
        return node


def _compares_natively(node: ast.expr) -> bool:
    if not isinstance(node, ast.Constant):
        return False
    value = node.value
    return value is None or (isinstance(value, str) and len(value) <= LONG_TEXT)


def _shape(target: ast.expr) -> Shape | None:
    if isinstance(target, (ast.Tuple, ast.List)):
        return tuple([_shape(element) for element in target.elts])
    return None


def _only_names(target: ast.expr) -> bool:
    if isinstance(target, (ast.Tuple, ast.List)):
        return all(_only_names(element) for element in target.elts)
    return isinstance(target, ast.Name)


def _as_tuple(target: ast.expr) -> ast.expr:
    if isinstance(target, (ast.Tuple, ast.List)):
        return ast.copy_location(ast.Tuple([_as_tuple(element) for element in target.elts], _STORE), target)
    return target
